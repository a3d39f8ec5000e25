import type { CID } from 'multiformats/cid'
import { equalCids } from '../../protocols/wire/bytes.ts'
import type { Layout } from '../checkpoint/layout.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Trainer, TrainingPlan, TrainingResult, TrainingSnapshot } from '../ports/trainer.ts'
import type { Head } from '../rounds/state.ts'
import type { PeerContext } from './context.ts'
import { keepCheckpoint } from './keep-checkpoint.ts'
import { readModel } from './model.ts'
import type { PlanChooser } from './plan-chooser.ts'
import type { TaskHeads } from './task-heads.ts'
import type { TrainingKey, TrainingSnapshots } from './training-snapshots.ts'
import type { JoinEvent, JoinOptions, PeerEvent, PeerStatus } from './types.ts'
import { untilStored } from './until-stored.ts'

const DEFAULT_SNAPSHOT_MS = 30_000

export interface TrainingContext extends PeerContext {
  readonly heads: TaskHeads
  readonly snapshots: TrainingSnapshots
  readonly trainer: () => Promise<Trainer>
  readonly onTraining: (training: PeerStatus['training']) => void
}

export interface RoundToTrain {
  readonly options: JoinOptions
  readonly choose: PlanChooser
  readonly task: string
  readonly round: number
  readonly head: Head
  /** The join ends, or the round is over. */
  readonly until: AbortSignal
  readonly emit: (event: JoinEvent) => void
}

/** What is said of a training whose checkpoint is in the store. */
export interface Work {
  readonly key: TrainingKey
  readonly checkpoint: CID
  readonly plan: TrainingPlan
  readonly trainer: Trainer
  readonly trained: Omit<TrainingResult, 'body' | 'head'>
}

/** Trains on the round's base and stores the checkpoint. When it resolves nothing holds the two models, for the round that follows needs neither. */
export async function trainAndKeep(context: TrainingContext, request: RoundToTrain): Promise<Work> {
  const { store, facts, heads, snapshots } = context
  const { options, choose, task, round, head, until, emit } = request
  const tell = (event: Extract<JoinEvent, PeerEvent>) => {
    emit(event)
    context.events.emit(event)
  }
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
  const {
    body,
    head: ownHead,
    ...trained
  } = await trainer.train({
    model,
    head: await heads.read(task),
    dataset: options.dataset,
    plan: seeded,
    signal: until,
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
  until.throwIfAborted()
  const { metric, before, after, scores } = trained.validation
  const { seconds, steps, peakMemoryBytes = null } = trained
  tell({ type: 'trained', round, task, metric, before, after, scores, seconds, steps, peakMemoryBytes })
  await untilStored(context, 'head', until, () => heads.write(task, ownHead))
  const keep = { round, body, base: { cid: head.weights, bytes: model.file } }
  const checkpoint = await untilStored(context, 'checkpoint', until, () => keepCheckpoint(context, keep))
  if (equalCids(checkpoint, head.weights)) throw changedNothing(facts.layout)
  return { key, checkpoint, plan: seeded, trainer, trained }
}

/** Types of 16 bits are coarse: a weight that moves by less than half of a step stays where it was. */
function changedNothing({ tensors }: Layout): ColdmeshError {
  const half = tensors.find(({ dtype }) => dtype === 'BF16' || dtype === 'F16')?.dtype
  const rounding = half === undefined ? '' : ` that is left after rounding to ${half}`
  return new ColdmeshError('bad-input', `Training changed nothing${rounding}.`, {
    hint: 'Raise --steps or --learning-rate.',
  })
}
