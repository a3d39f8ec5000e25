import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan, Weights } from '../ports/trainer.ts'
import type { EncoderConfig } from './encoders/encoder-config.ts'
import { isFrozen } from './freezing.ts'
import { EVALUATION_BATCH } from './learner.ts'
import { MEMORY_NUMBERS } from './rows.ts'

const FLOAT_BYTES = 4
/** The body outside the engine: as it came, and as it is handed back. */
const COPIES = 2
/**
 * By engine, copies of what learns: weights, their moments, the best so far; TensorFlow.js also cuts its long vectors into weights, and has
 * the old and the new ones during a step. Gradients are counted apart. `kept`: on what a step keeps for the way back. `fixed`: bytes of
 * the runtime, compiled graphs, tokens.
 */
const ONNX = { copies: 4, kept: 1, fixed: 200e6 }
const TENSORFLOW = { copies: 10, kept: 1.5, fixed: 400e6 }
const LIBTENSORFLOW = { ...TENSORFLOW, fixed: 700e6 }
/** Numbers that a step keeps for the way back, in units of a layer's widths: measured, see test/bench/training/memory.ts. */
const KEPT = { hidden: 20, intermediate: 5, scores: 5 }

type Size = Pick<EncoderConfig, 'layers' | 'hiddenSize' | 'intermediateSize' | 'heads'>
type Load = Pick<TrainingPlan, 'batch' | 'accumulation' | 'maxTokens' | 'mode' | 'freeze'>

/**
 * What finetuning takes, in bytes: an estimate, within about a third of what was measured. A layer that is frozen takes its weights, and what
 * one layer of a batch needs; of a body that is frozen whole only the features of `rows` are kept.
 */
export function estimateMemory(options: {
  readonly config: Size
  readonly body: readonly Omit<Weights, 'data'>[]
  readonly plan: Load
  readonly rows: number
  /** Its name. */
  readonly engine: string
}): number {
  const { config, body, plan, rows, engine } = options
  const { copies, kept, fixed } = needsOf(engine)
  const count = (weights: readonly Omit<Weights, 'data'>[]) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)
  const all = count(body)
  const layer = (batch: number) => batch * plan.maxTokens * numbersAToken(config, plan.maxTokens)
  if (plan.mode === 'frozen') {
    const numbers = all * (COPIES + 1) + layer(EVALUATION_BATCH) + Math.min(rows * config.hiddenSize, MEMORY_NUMBERS)
    return fixed + FLOAT_BYTES * numbers
  }
  const learning = count(body.filter(({ name }) => !isFrozen(name, plan.freeze)))
  const gradients = learning * (plan.accumulation > 1 ? 2 : 1)
  const layers = config.layers - (plan.freeze ?? 0)
  const activations = kept * layer(plan.batch) * Math.max(1, layers)
  return fixed + FLOAT_BYTES * (all * COPIES + (all - learning) + learning * copies + gradients + activations)
}

function needsOf(engine: string): typeof ONNX {
  if (!engine.startsWith('tfjs')) return ONNX
  return engine.startsWith('tfjs-node') ? LIBTENSORFLOW : TENSORFLOW
}

function numbersAToken({ hiddenSize, intermediateSize, heads }: Size, length: number): number {
  return KEPT.hidden * hiddenSize + KEPT.intermediate * intermediateSize + KEPT.scores * heads * length
}

/** @throws ColdmeshError `refused` when a training needs more bytes than there are, before it starts */
export function checkMemory(needed: number, available: number, { batch, freeze, mode }: Load): void {
  if (needed <= available) return
  const hints = [
    ...(batch > 1 && mode === 'full' ? [`a smaller batch than ${batch} with more accumulation`] : []),
    'a smaller maxTokens',
    ...(freeze === null && mode === 'full' ? ['frozen layers'] : []),
    ...(mode === 'full' ? ['the mode frozen'] : []),
    'or the command trainer on a larger machine',
  ]
  throw new ColdmeshError(
    'refused',
    `The training needs about ${gigabytes(needed)} of memory, and ${gigabytes(available)} are available`,
    { facts: { needed, available }, hint: `Choose ${hints.join(', ')}.` },
  )
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
