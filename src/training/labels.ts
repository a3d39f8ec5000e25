import type { Label } from '../ports/dataset.ts'

/** A label as one string: equal for equal labels. */
export function labelName(label: Label): string {
  return typeof label === 'string' ? label : JSON.stringify(label)
}
