import { partsAt } from '../../fusion/layout.ts'
import { type Validation, validateWindow, wrongSize } from '../../fusion/validate.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Job } from './job.ts'
import { readRange } from './read-files.ts'
import type { Range } from './scan.ts'

/** A leaf without kernels. @throws ColdmeshError `bad-checkpoint` when the base or the parent is cut off */
export function validateInJavaScript({ layout, files }: Job, { offset, bytes }: Range): Validation {
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
