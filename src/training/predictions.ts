import type { TaskType } from '../ports/dataset.ts'
import type { Target } from './learner.ts'

/**
 * What logits [rows, outputs] say: the index of the largest, the first of equals; for `multi-label` the indices of all above zero, which are
 * likelier than not; for `regression` the number.
 */
export function predictionsOf(task: TaskType, logits: Float32Array, rows: number, outputs: number): Target[] {
  return Array.from({ length: rows }, (_, row) => {
    const own = logits.subarray(row * outputs, (row + 1) * outputs)
    if (task === 'regression') return own[0] ?? Number.NaN
    if (task === 'multi-label') return [...own.keys()].filter((index) => (own[index] ?? 0) > 0)
    return own.reduce((best, logit, index) => (logit > (own[best] ?? 0) ? index : best), 0)
  })
}
