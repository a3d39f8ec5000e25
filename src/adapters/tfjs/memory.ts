import type { LearnerState } from '../../training/learner.ts'
import { bytesOf, readInto } from '../../training/learner-state.ts'
import type { Tf } from './backends.ts'
import { type Group, readTensor, replace } from './parameters.ts'

/** All that a learner changes. */
export interface LearnerMemory {
  readonly groups: readonly Group[]
  /** The generators of the dropout masks. */
  readonly masks: Uint32Array
  /** Steps done, and batches whose gradients were added since the last. */
  steps: number
  added: number
}

const SAVED = ['weights', 'means', 'squares', 'kept'] as const

/** Copies, between two steps. */
export async function saveMemory({ groups, masks, steps }: LearnerMemory): Promise<LearnerState> {
  const state: Record<string, Uint8Array> = { masks: bytesOf(masks), steps: bytesOf(Float64Array.of(steps)) }
  for (const [index, { vectors }] of groups.entries()) {
    for (const name of SAVED) {
      const vector = vectors[name]
      state[`${name} ${index}`] = bytesOf(vector === null ? new Float32Array() : await readTensor(vector))
    }
  }
  return state
}

/** False, and nothing changed, when `state` is of another learner. */
export function loadMemory(tf: Tf, memory: LearnerMemory, state: LearnerState): boolean {
  const steps = new Float64Array(1)
  const masks = new Uint32Array(memory.masks.length)
  const saved = memory.groups.flatMap(({ vectors, count }, index) =>
    SAVED.map((name) => {
      const key = `${name} ${index}`
      const isAbsent = name === 'kept' && state[key]?.byteLength === 0
      return { key, name, vectors, numbers: new Float32Array(isAbsent ? 0 : count) }
    }),
  )
  const arrays = saved.map(({ key, numbers }) => [key, numbers] as const)
  if (!readInto([['steps', steps], ['masks', masks], ...arrays], state)) return false
  memory.steps = steps[0] ?? 0
  memory.masks.set(masks)
  for (const { name, vectors, numbers } of saved) {
    if (numbers.length > 0) replace(vectors, name, tf.tensor(numbers, [numbers.length]))
  }
  return true
}
