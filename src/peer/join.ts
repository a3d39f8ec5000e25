import { type Contribution, MAX_PROVIDERS } from '../../protocols/contribution/messages.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { meetsTerms } from '../rounds/contributors.ts'
import { isContribution, isRecent, parentOf } from '../rounds/views.ts'
import { datasetSalt } from '../training/commitment.ts'
import { commitExamples } from './commit-examples.ts'
import { createEmitter } from './emitter.ts'
import { awaitOutcome, isTaken, type Outcome } from './outcome.ts'
import { type PlanChooser, planChooser } from './plan-chooser.ts'
import type { RoundLoop } from './round/loop.ts'
import { statedWork } from './stated-work.ts'
import { type TrainingContext, trainAndKeep, type Work } from './train-round.ts'
import type { JoinEvent, Joining, JoinOptions, JoinResult } from './types.ts'
import { untilStored } from './until-stored.ts'

/** Of the peer's events, those that whoever joins wants to see. */
const RELAYED: readonly string[] = [
  ...['catching-up', 'synced', 'announced', 'listed', 'waiting', 'fused', 'refused', 'trouble', 'trouble-over'],
]

export interface JoinContext extends TrainingContext {
  readonly loop: RoundLoop
  /** Secret of this peer, for dataset commitments. */
  readonly saltSecret: Uint8Array
  /** Resolves once the head was compared with others'. */
  readonly synced: Promise<void>
  /** What lets this key contribute to the round being run. @throws ColdmeshError `bad-input` when nothing does */
  readonly requirePermission: () => Uint8Array | null
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
  const { loop, snapshots } = context
  const { round, head } = loop.state
  const voucher = context.requirePermission()
  const over = new AbortController()
  using _base = context.keeping.pin(head.base)
  const stopWatching = context.events.on(() => {
    if (!isTaken(context, { parent: head.base, round })) over.abort()
  })
  const until = AbortSignal.any([signal, over.signal])
  try {
    const work = await trainAndKeep(context, { options, choose, task, round, head, until, emit })
    if (!isTaken(context, { parent: head.base, round })) return null
    const fields = await contributionFields(context, options, { ...work, task, voucher })
    const signed = await untilStored(context, 'journal', until, () =>
      loop.contribute({ round, parent: head.base, ...fields }),
    )
    await snapshots.remove(work.key)
    const staleness = parentOf(loop.state.head, head.base, round)?.staleness ?? 0
    const checkpoint = String(work.checkpoint)
    context.events.emit({ type: 'announced', round, id: String(signed.id), checkpoint, staleness })
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

async function contributionFields(
  context: JoinContext,
  { dataset, license }: JoinOptions,
  work: Omit<Work, 'key'> & { readonly task: string; readonly voucher: Uint8Array | null },
): Promise<Omit<Contribution, 'kind' | 'network' | 'author' | 'round' | 'parent'>> {
  const { plan, task, trained, trainer, checkpoint, voucher } = work
  return {
    checkpoint,
    bytes: context.facts.layout.totalBytes,
    ...statedWork({
      dataset,
      task,
      commitment: await commitExamples(dataset.examples, datasetSalt(context.saltSecret, dataset.name)),
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
