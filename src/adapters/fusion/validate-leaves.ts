import { LEAF_BYTES } from '../../checkpoint/leaves.ts'
import { partsAt } from '../../fusion/layout.ts'
import { type Validation, validateWindow, wrongSize } from '../../fusion/validate.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { visitChunks } from './chunks.ts'
import type { Job, Outcome, Work } from './job.ts'
import { readRange } from './read-files.ts'
import { scan } from './scan.ts'
import { createTools } from './tools.ts'

/** Checks a checkpoint leaf by leaf. */
export function createValidator(job: Job & { kind: 'validate' }): Work {
  const tools = createTools(job)
  const { layout, files } = job
  const isRebased = files.parents.some((file) => file !== null)
  const options = { layout, files, needsBase: isRebased, comparesIntegers: true }
  let fault: Outcome['fault'] = null
  return {
    units: Math.ceil(layout.totalBytes / LEAF_BYTES),
    run(leaf) {
      if (fault !== null) return
      const offset = leaf * LEAF_BYTES
      const range = { offset, bytes: Math.min(LEAF_BYTES, layout.totalBytes - offset) }
      if (tools !== null) {
        const isFine = scan(tools, options, range, {
          floats(places) {
            const [values = 0] = places.inputs
            const whole = places.count - (places.count % 16)
            if (!isRebased && tools.kernels.of[places.dtype].notFinite(values, whole) !== 0) return false
            const isDone = !isRebased && whole === places.count
            // rounding what a late checkpoint stands for, and a tail beside zeros
            return (
              isDone ||
              visitChunks(
                tools,
                places,
                { isWidened: false, isRounded: true, takesBase: false },
                ({ readAs, count, inputs }) => tools.kernels.of[readAs].notFinite(inputs[0] ?? 0, count) === 0,
              )
            )
          },
        })
        if (isFine) return
      }
      const verdict = validateLeaf(job, range)
      if (!verdict.ok) fault = { unit: leaf, verdict }
    },
    end: () => ({ fault }),
  }
}

function validateLeaf({ layout, files }: Job, { offset, bytes }: { offset: number; bytes: number }): Validation {
  const { base, inputs, parents } = readRange(layout, files, offset, bytes)
  const [values = new Uint8Array()] = inputs
  const [parent = null] = parents
  if (values.length < bytes) return wrongSize(layout, 'fewer')
  if (base.length < bytes) throw new ColdmeshError('bad-checkpoint', 'The base ends too early.')
  if (parent !== null && parent.length < bytes) {
    throw new ColdmeshError('bad-checkpoint', 'The weights that it was trained from end too early.')
  }
  return validateWindow(layout, partsAt(layout, offset, bytes), { offset, values, base, parent })
}
