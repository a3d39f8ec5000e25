import type { Weights } from '../ports/trainer.ts'
import { HEAD_BIAS } from './classifier.ts'
import type { LabelledRow } from './learner.ts'

/** The unit in which a regression trains: numbers with mean 0 and standard deviation 1. */
export interface TargetScale {
  readonly mean: number
  readonly deviation: number
}

/**
 * The scale of the training rows' numbers. Without it the bias of a head would walk to the mean by learning rates' length, and the loss,
 * and with it the gradients, would depend on the labels' unit.
 */
export function targetScale(rows: readonly Pick<LabelledRow, 'label'>[]): TargetScale {
  const numbers = rows.map(({ label }) => Number(label))
  const mean = numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length)
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, numbers.length)
  return { mean, deviation: variance > 0 ? Math.sqrt(variance) : 1 }
}

export function scaleTargets<Row extends Pick<LabelledRow, 'label'>>(
  rows: readonly Row[],
  { mean, deviation }: TargetScale,
): Row[] {
  return rows.map((row) => ({ ...row, label: (Number(row.label) - mean) / deviation }))
}

/** The number that an output in the scale stands for. */
export function unscaled(output: number, { mean, deviation }: TargetScale): number {
  return output * deviation + mean
}

/** A head whose outputs are in the labels' own unit, from one whose are in the scale. */
export function headFromScale(head: readonly Weights[], { mean, deviation }: TargetScale): Weights[] {
  return mapHead(head, (value, shift) => value * deviation + shift * mean)
}

/** The way back. */
export function headToScale(head: readonly Weights[], { mean, deviation }: TargetScale): Weights[] {
  return mapHead(head, (value, shift) => (value - shift * mean) / deviation)
}

function mapHead(head: readonly Weights[], change: (value: number, shift: number) => number): Weights[] {
  return head.map((weights) => ({
    ...weights,
    data: weights.data.map((value) => change(value, Number(weights.name === HEAD_BIAS))),
  }))
}
