import { LEAF_BYTES } from '../../checkpoint/leaves.ts'
import { visitChunks } from './chunks.ts'
import type { Job, Outcome, Work } from './job.ts'
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
    async run(leaf) {
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
      // what kernels find wrong, JavaScript finds again, and says what it is
      const { validateInJavaScript } = await import('./validate-in-javascript.ts')
      const verdict = validateInJavaScript(job, range)
      if (!verdict.ok) fault = { unit: leaf, verdict }
    },
    end: () => ({ fault }),
  }
}
