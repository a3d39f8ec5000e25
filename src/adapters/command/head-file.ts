import { existsSync } from 'node:fs'
import type { TaskType } from '../../ports/dataset.ts'
import type { Head } from '../../ports/trainer.ts'
import { HEAD_BIAS, HEAD_WEIGHT } from '../../training/classifier.ts'
import { outputsOf } from '../../training/scores.ts'
import { readWeights } from './weights-file.ts'

/**
 * The head that a program wrote. One that needs none (a text-to-text model, whose labels are words) writes none, and its task is given zeros
 * in place of one: a head is also where a task's labels are kept.
 *
 * @throws ColdmeshError `bad-checkpoint`
 */
export async function readHead(
  path: string,
  about: { readonly task: TaskType; readonly labels: readonly string[] },
): Promise<Head> {
  const { task, labels } = about
  const outputs = outputsOf(about)
  const shapes = (hidden: number) => [
    { name: HEAD_WEIGHT, shape: [outputs, hidden] },
    { name: HEAD_BIAS, shape: [outputs] },
  ]
  const ofTask = task === 'single-label' ? {} : { task }
  if (!existsSync(path)) {
    const zeros = shapes(1).map((tensor) => ({ ...tensor, data: new Float32Array(outputs) }))
    return { ...ofTask, labels, weights: zeros }
  }
  const { weights } = await readWeights(path, (tensors) =>
    shapes(tensors.find(({ name }) => name === HEAD_WEIGHT)?.shape[1] ?? 0),
  )
  return { ...ofTask, labels, weights }
}

/** `head` when it is for exactly this task and these labels and more than a place for them; null otherwise. */
export function fittingHead(
  head: Head | null,
  { task, labels }: { readonly task: TaskType; readonly labels: readonly string[] },
) {
  if (head === null || (head.task ?? 'single-label') !== task || head.labels.length !== labels.length) return null
  if (!head.labels.every((label, index) => label === labels[index])) return null
  return head.weights.every(({ data }) => data.every((value) => value === 0)) ? null : head
}
