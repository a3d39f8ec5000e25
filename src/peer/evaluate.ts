import { readFile } from 'node:fs/promises'
import { decodeHead } from '../checkpoint/safetensors.ts'
import type { Examples, ReadProgress } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Evaluated, Head, Metric, Trainer } from '../ports/trainer.ts'
import { DEFAULT_PLAN } from '../training/plan.ts'
import { withTrainer } from './train.ts'
import { readTrainingBase } from './training-base.ts'

export interface EvaluateHeadOptions {
  /** Directory of a Hugging Face model. */
  readonly base: string
  /** The head, or the path of its file. */
  readonly head: Head | string
  readonly examples: Examples
  /** Default: `createTrainer()`. The caller's own is not stopped. */
  readonly trainer?: Trainer
  /** Longest input in tokens; that of the training. Default: the default plan's. */
  readonly maxTokens?: number
  /** Null or absent: the task's own. */
  readonly metric?: Metric | null
  /** The label that the metric `f1` is about. */
  readonly positive?: string | null
  readonly signal?: AbortSignal
  /** Told while rows are read. */
  readonly onRead?: (progress: ReadProgress) => void
}

/**
 * Scores a model and a head on rows, without a network and without training.
 *
 * @throws ColdmeshError `bad-input`, and as reading a model and `Trainer.evaluate`
 */
export async function evaluate(options: EvaluateHeadOptions): Promise<Evaluated> {
  const { examples, maxTokens = DEFAULT_PLAN.maxTokens, metric = null, positive = null, signal, onRead } = options
  const head = typeof options.head === 'string' ? await readHead(options.head) : options.head
  return await withTrainer(options.trainer, async (trainer) => {
    const { model } = await readTrainingBase(options.base, { anyArchitecture: trainer.name === 'command' })
    return await trainer.evaluate({
      ...{ model, head, examples, maxTokens, metric, positive },
      ...(signal && { signal }),
      ...(onRead && { onRead }),
    })
  })
}

/** A head as `train` and `import` write it. @throws ColdmeshError `bad-input`, `bad-checkpoint` */
export async function readHead(path: string): Promise<Head> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new ColdmeshError('bad-input', `${path} cannot be read.`, {
      cause,
      hint: 'Name a head.safetensors, as `coldmesh train` writes it.',
    })
  }
  return decodeHead(bytes)
}
