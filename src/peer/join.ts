import { createHmac } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { type Contribution, MAX_PROVIDERS } from '../../protocols/contribution/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { Layout } from '../checkpoint/layout.ts'
import type { DatasetFacts } from '../engines/dataset-facts.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Log } from '../ports/system.ts'
import type { Model, Trainer, TrainingPlan, TrainingResult, TrainingSnapshot } from '../ports/trainer.ts'
import { meetsTerms } from '../rounds/contributors.ts'
import { isContribution, isRecent, parentOf } from '../rounds/views.ts'
import type { ChosenPlan } from '../training/choose-plan.ts'
import { completePlan } from '../training/plan.ts'
import { commitExamples } from './commit-examples.ts'
import type { PeerContext } from './context.ts'
import { createEmitter } from './emitter.ts'
import { keepCheckpoint } from './keep-checkpoint.ts'
import { readModel } from './model.ts'
import { awaitOutcome, isTaken, type Outcome } from './outcome.ts'
import type { RoundLoop } from './round/loop.ts'
import { statedWork } from './stated-work.ts'
import type { TaskHeads } from './task-heads.ts'
import type { TrainingSnapshots } from './training-snapshots.ts'
import type { JoinEvent, Joining, JoinOptions, JoinResult, PeerEvent, PeerStatus } from './types.ts'
import { untilStored } from './until-stored.ts'

const DEFAULT_SNAPSHOT_MS = 30_000
/** Of the peer's events, those that whoever joins wants to see. */
const RELAYED: readonly string[] = [
  ...['catching-up', 'synced', 'announced', 'listed', 'waiting', 'fused', 'refused', 'trouble', 'trouble-over'],
]

export interface JoinContext extends PeerContext {
  readonly loop: RoundLoop
  readonly heads: TaskHeads
  readonly snapshots: TrainingSnapshots
  readonly trainer: () => Promise<Trainer>
  /** Secret of this peer, for dataset commitments. */
  readonly saltSecret: Uint8Array
  /** Resolves once the head was compared with others'. */
  readonly synced: Promise<void>
  /** What lets this key contribute to the round being run. @throws ColdmeshError `bad-input` when nothing does */
  readonly requirePermission: () => Uint8Array | null
  readonly onTraining: (training: PeerStatus['training']) => void
}

type OwnContribution = Signed<Contribution>

/** Contributes to rounds with a dataset: train on the base, announce, wait for the next base, say what came of it. */
export function startJoin(context: JoinContext, options: JoinOptions): Joining {
  const emitter = createEmitter<JoinEvent>()
  const events = emitter.iterate()
  const signal = options.signal ? AbortSignal.any([options.signal, context.signal]) : context.signal
  const relay = context.events.on((event) => {
    if (isJoinEvent(event)) emitter.emit(event)
  })
  const result = run().finally(() => {
    relay()
    context.onTraining(null)
    emitter.close()
  })
  result.catch(() => {}) // whoever awaits `result` hears of it; nobody has to
  return { result, [Symbol.asyncIterator]: () => events[Symbol.asyncIterator]() }

  async function run(): Promise<JoinResult> {
    const choose = planChooser(options, context.log)
    await context.waits.during({ what: 'sync', which: `before contributing ${options.dataset.name}` }, () =>
      orAbort(context.synced, signal),
    )
    const outcomes: Outcome[] = []
    // Who is drawn out has lost nothing but a round, and tries the next.
    const count = () => outcomes.filter(({ reason }) => reason !== 'lottery').length
    while (count() < (options.rounds ?? 1)) {
      const outcome = await contributeOnce(context, options, choose, signal, emitter.emit)
      outcomes.push(outcome)
      emitter.emit({ type: 'outcome', ...outcome })
    }
    return { base: String(context.loop.state.head.base), rounds: outcomes }
  }
}

/** The plan of all rounds of a join; `chosen` when it was chosen just now, `about` the data when it is the first. */
type PlanChooser = (
  model: Model,
  engine: string,
) => Promise<{ readonly plan: TrainingPlan; readonly chosen: ChosenPlan | null; readonly about: DatasetFacts | null }>

function planChooser({ plan: changes = {}, recipe, dataset }: JoinOptions, log: Log): PlanChooser {
  const given = recipe === undefined ? completePlan(changes) : null
  let before: TrainingPlan | null = null

  /** Advice: what is wrong with a model is for the training to say. */
  async function describe(model: Model, plan: TrainingPlan): Promise<DatasetFacts | null> {
    try {
      const { datasetFacts } = await import('../engines/dataset-facts.ts')
      return await datasetFacts(model, dataset, plan)
    } catch (error) {
      log.warn('dataset-not-described', { error: String(error) })
      return null
    }
  }

  return async (model, engine) => {
    if (before !== null) return { plan: before, chosen: null, about: null }
    const { planFor } = await import('../engines/plan-for.ts')
    const chosen = recipe === undefined ? null : await planFor({ model, dataset, recipe, changes, engine })
    const plan = chosen?.plan ?? given ?? completePlan(changes)
    before = plan
    return { plan, chosen, about: await describe(model, plan) }
  }
}

function isJoinEvent(event: { type: string }): event is JoinEvent {
  return RELAYED.includes(event.type)
}

async function contributeOnce(
  context: JoinContext,
  options: JoinOptions,
  choose: PlanChooser,
  signal: AbortSignal,
  emit: (event: JoinEvent) => void,
): Promise<Outcome> {
  const { loop } = context
  for (;;) {
    signal.throwIfAborted()
    const { round } = loop.state
    const task = options.task ?? options.dataset.name
    const announced =
      ownContribution(context, round, task) ?? (await trainAndAnnounce(context, options, choose, task, signal, emit))
    // The network moved on while we trained, further than a late contribution may be: start again from the new base.
    if (!announced) continue
    return await awaitOutcome(context, round, announced, signal, emit)
  }
}

/** What we announced before a restart, to this round or late, and that is in no base yet; not what lacked a voucher. */
function ownContribution(context: JoinContext, round: number, task: string): OwnContribution | null {
  const { speaker, loop } = context
  const own = speaker.recorded.filter(speaker.isOwn).flatMap((signed) => (isContribution(signed) ? [signed] : []))
  const isOffered = ({ checkpoint, ...message }: Contribution) =>
    message.round === round || (isTaken(context, message) && !isRecent(loop.state.head, checkpoint))
  const isOurs = ({ message }: OwnContribution) => message.dataset.task === task && isOffered(message)
  return own.findLast((signed) => isOurs(signed) && meetsTerms(loop.state.network, round, signed.message)) ?? null
}

async function trainAndAnnounce(
  context: JoinContext,
  options: JoinOptions,
  choose: PlanChooser,
  task: string,
  signal: AbortSignal,
  emit: (event: JoinEvent) => void,
): Promise<OwnContribution | null> {
  const { loop, store, facts, heads, snapshots } = context
  const { round, head } = loop.state
  const voucher = context.requirePermission()
  const tell = (event: Extract<JoinEvent, PeerEvent>) => {
    emit(event)
    context.events.emit(event)
  }
  const over = new AbortController()
  using _base = context.keeping.pin(head.base)
  const stopWatching = context.events.on(() => {
    if (!isTaken(context, { parent: head.base, round })) over.abort()
  })
  try {
    const model = await readModel(head.base, store)
    const trainer = await context.waits.during({ what: 'engine', which: 'to train with' }, context.trainer)
    const { name, device, passedOver = [] } = trainer
    tell({ type: 'engine', round, engine: name, device, passedOver })
    const { plan, chosen, about } = await choose(model, trainer.name)
    if (chosen !== null) tell({ type: 'plan', round, task, ...chosen })
    if (about !== null) tell({ type: 'dataset', round, task, ...about })
    const seeded = { ...plan, seed: plan.seed + round }
    const key = { round, base: String(head.base), task, plan: seeded, dataset: options.dataset }
    const { snapshotEveryMs = DEFAULT_SNAPSHOT_MS } = options
    const snapshot = snapshotEveryMs === 0 ? null : await snapshots.read(key, trainer.name)
    let isFirst = true
    const trained = await trainer.train({
      model,
      head: await heads.read(task),
      dataset: options.dataset,
      plan: seeded,
      signal: AbortSignal.any([signal, over.signal]),
      ...(snapshot === null ? {} : { snapshot }),
      ...(snapshotEveryMs === 0
        ? {}
        : { snapshotEveryMs, onSnapshot: (taken: TrainingSnapshot) => void snapshots.write(key, taken) }),
      onRead: (progress) => tell({ type: 'reading', round, task, ...progress }),
      onProgress: ({ isResumed, ...progress }) => {
        const { step, steps, loss } = progress
        context.onTraining({ task, step, steps, loss })
        if (isFirst && snapshot !== null && !isResumed)
          context.log.warn('snapshot-ignored', { round, error: 'of another model, plan, data or engine' })
        isFirst = false
        if (isResumed) tell({ type: 'resumed', round, task, step, steps })
        else tell({ type: 'training', round, task, ...progress })
      },
    })
    if (over.signal.aborted) return null
    const { metric, before, after, scores } = trained.validation
    const { seconds, steps, peakMemoryBytes = null } = trained
    tell({ type: 'trained', round, task, metric, before, after, scores, seconds, steps, peakMemoryBytes })
    const until = AbortSignal.any([signal, over.signal])
    await untilStored(context, 'head', until, () => heads.write(task, trained.head))
    const keep = { round, body: trained.body, base: { cid: head.weights, bytes: model.file } }
    const cid = await untilStored(context, 'checkpoint', until, () => keepCheckpoint(context, keep))
    if (!isTaken(context, { parent: head.base, round })) return null
    if (equalCids(cid, head.weights)) throw changedNothing(facts.layout)
    const fields = await contributionFields(context, options, {
      plan: seeded,
      task,
      trained,
      trainer,
      checkpoint: cid,
      voucher,
    })
    const signed = await untilStored(context, 'journal', until, () =>
      loop.contribute({ round, parent: head.base, ...fields }),
    )
    await snapshots.remove(key)
    const staleness = parentOf(loop.state.head, head.base, round)?.staleness ?? 0
    context.events.emit({ type: 'announced', round, id: String(signed.id), checkpoint: String(cid), staleness })
    if (!isContribution(signed)) throw new Error('a contribution was signed')
    return signed
  } catch (error) {
    if (over.signal.aborted && !signal.aborted) return null
    if (signal.aborted) throw new ColdmeshError('aborted', 'Joining was stopped.', { cause: error })
    throw error
  } finally {
    stopWatching()
    context.onTraining(null)
  }
}

/** Types of 16 bits are coarse: a weight that moves by less than half of a step stays where it was. */
function changedNothing({ tensors }: Layout): ColdmeshError {
  const half = tensors.find(({ dtype }) => dtype === 'BF16' || dtype === 'F16')?.dtype
  const rounding = half === undefined ? '' : ` that is left after rounding to ${half}`
  return new ColdmeshError('bad-input', `Training changed nothing${rounding}.`, {
    hint: 'Raise --steps or --learning-rate.',
  })
}

async function contributionFields(
  context: JoinContext,
  { dataset, license }: JoinOptions,
  work: {
    plan: TrainingPlan
    task: string
    trained: TrainingResult
    trainer: Trainer
    checkpoint: CID
    voucher: Uint8Array | null
  },
): Promise<Omit<Contribution, 'kind' | 'network' | 'author' | 'round' | 'parent'>> {
  const { plan, task, trained, trainer, checkpoint, voucher } = work
  const salt = createHmac('sha256', context.saltSecret).update(`coldmesh/dataset-salt/1 ${dataset.name}`).digest()
  return {
    checkpoint,
    bytes: context.facts.layout.totalBytes,
    ...statedWork({
      dataset,
      task,
      commitment: await commitExamples(dataset.examples, new Uint8Array(salt)),
      license,
      plan,
      trained,
      trainer,
      seconds: Math.round(trained.seconds),
    }),
    providers: context.mesh.addresses().slice(0, MAX_PROVIDERS),
    ...(voucher === null ? {} : { voucher }),
  }
}

async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return Promise.race([
    promise,
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new ColdmeshError('aborted', 'Joining was stopped.')), {
        once: true,
      }),
    ),
  ])
}
