import { rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { writeDurable } from '../adapters/files/atomic.ts'
import { requireFree, writeNewDirectory } from '../adapters/files/new-directory.ts'
import { WEIGHTS_NAME } from '../checkpoint/base.ts'
import { encodeCheckpoint, encodeHead } from '../checkpoint/safetensors.ts'
import type { Dataset, Examples, ReadProgress } from '../ports/dataset.ts'
import type {
  Head,
  Model,
  Trainer,
  TrainingPlan,
  TrainingProgress,
  TrainingResult,
  TrainingSnapshot,
} from '../ports/trainer.ts'
import type { ChosenPlan } from '../training/choose-plan.ts'
import { completePlan } from '../training/plan.ts'
import type { RecipeName } from '../training/recipes.ts'
import { HEAD_NAME } from './import.ts'
import { MAX_SNAPSHOT_BYTES, readSnapshot, writeSnapshot } from './snapshot-file.ts'
import { readTrainingBase } from './training-base.ts'

const DEFAULT_SNAPSHOT_MS = 30_000

export interface TrainOptions {
  /** Directory of a Hugging Face model: config.json, weights, tokenizer. */
  readonly base: string
  readonly dataset: Dataset<Examples>
  /** Where the finetuned model goes; must not exist yet. */
  readonly out: string
  /** Default: `createTrainer()`. The caller's own is not stopped. */
  readonly trainer?: Trainer
  readonly plan?: Partial<TrainingPlan>
  /** Chooses what `plan` does not say, by the data, the model and this machine's memory. Absent: the default plan's. */
  readonly recipe?: RecipeName
  /** To start from, if it is for the dataset's labels. */
  readonly head?: Head | null
  readonly signal?: AbortSignal
  /** Told what the recipe chose. */
  readonly onPlan?: (chosen: ChosenPlan) => void
  /** Told while rows are read. */
  readonly onRead?: (progress: ReadProgress) => void
  readonly onProgress?: (progress: TrainingProgress) => void
  /** How often the state is saved beside `out`, from which the same call goes on after a crash. Default: 30 s; 0: never. */
  readonly snapshotEveryMs?: number
}

export interface Trained extends Pick<TrainingResult, 'validation' | 'steps' | 'seconds' | 'rows'> {
  /** The most memory that the process had; null: the trainer doesn't know. */
  readonly peakMemoryBytes: number | null
  /** A directory that transformers loads: the body, config and tokenizer; and head.safetensors. */
  readonly out: string
  readonly head: Head
  readonly trainer: string
  readonly device: string
}

/**
 * Finetunes a model on a dataset, without a network, and writes the result as a directory; all of it or nothing.
 *
 * @throws ColdmeshError `bad-input` (`out` is there, a bad plan), `refused` (disk), and as reading a model and `Trainer.train`
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const out = resolve(options.out)
  requireFree(out)
  completePlan(options.plan ?? {}) // a wrong setting is told before a model is read
  return await withTrainer(options.trainer, async (trainer) => {
    const base = await readTrainingBase(options.base, { anyArchitecture: trainer.name === 'command' })
    const plan = await choosePlan(base.model, options)
    const snapshots = openSnapshots(out, trainer, options.snapshotEveryMs)
    const snapshot = await snapshots.read()
    const { signal, onRead, onProgress } = options
    const trained = await trainer.train({
      model: base.model,
      head: options.head ?? null,
      dataset: options.dataset,
      plan,
      ...snapshots.options,
      ...(snapshot && { snapshot }),
      ...(signal && { signal }),
      ...(onRead && { onRead }),
      ...(onProgress && { onProgress }),
    })
    const weights = encodeCheckpoint(base.layout, trained.body, base.file)
    await writeNewDirectory(out, async (aside) => {
      const files = [
        ...base.shared,
        { name: WEIGHTS_NAME, bytes: weights },
        { name: HEAD_NAME, bytes: encodeHead(trained.head) },
      ]
      for (const { name, bytes } of files) await writeDurable(join(aside, name), bytes, 0o644)
    })
    await snapshots.remove()
    const { head, validation, steps, seconds, rows, peakMemoryBytes = null } = trained
    const by = { trainer: trainer.name, device: trainer.device }
    return { out, head, validation, steps, seconds, rows, peakMemoryBytes, ...by }
  })
}

async function choosePlan(
  model: Model,
  { plan: changes = {}, recipe, dataset, onPlan }: TrainOptions,
): Promise<TrainingPlan> {
  if (recipe === undefined) return completePlan(changes)
  const { planFor } = await import('../engines/plan-for.ts')
  const chosen = await planFor({ model, dataset, recipe, changes })
  onPlan?.(chosen)
  return chosen.plan
}

/** Does `work` with a trainer: the one given, or one of its own. */
export async function withTrainer<T>(given: Trainer | undefined, work: (trainer: Trainer) => Promise<T>): Promise<T> {
  if (given !== undefined) return await work(given)
  const { createTrainer } = await import('../engines/trainer.ts')
  const trainer = await createTrainer()
  try {
    return await work(trainer)
  } finally {
    await trainer.stop()
  }
}

/** One file beside `out`. Saving is best effort: without it only a crash costs more. */
function openSnapshots(out: string, trainer: Trainer, everyMs = DEFAULT_SNAPSHOT_MS) {
  const path = join(out, '..', `.${basename(out)}.snapshot`)
  let writing: Promise<void> | null = null
  const onSnapshot = (snapshot: TrainingSnapshot) => {
    if (writing !== null || snapshot.bytes.length > MAX_SNAPSHOT_BYTES) return
    writing = writeSnapshot(path, snapshot)
      .catch(() => {})
      .finally(() => {
        writing = null
      })
  }
  return {
    options: everyMs === 0 ? {} : { snapshotEveryMs: everyMs, onSnapshot },
    read: async () => (everyMs === 0 ? null : await readSnapshot(path, trainer.name).catch(() => null)),
    remove: async () => {
      await writing
      if (everyMs > 0) await rm(path, { force: true })
    },
  }
}
