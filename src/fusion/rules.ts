import { ColdmeshError } from '../ports/errors.ts'
import { meanF32 } from './mean.ts'

/** One window of a rule: `inputs` in contribution-id order and `out`, all of one length. */
export type Kernel = (inputs: readonly Float32Array[], out: Float32Array) => void

/** Every rule that a genesis may name. Rows are added, never edited; null: this version does not compute it. */
const RULES: Readonly<Record<string, Kernel | null>> = {
  'mean/1': meanF32,
  'clipped-mean/1': null,
  'weighted-mean/1': null,
  'trimmed-mean/1': null,
  'median/1': null,
  'ties/1': null,
}

/** Names of the rules that this version computes. */
export const IMPLEMENTED_RULES: readonly string[] = Object.keys(RULES).filter((name) => RULES[name] !== null)

/**
 * The kernel of a rule, by its exact name and version; there is no falling back to another rule.
 * @throws ColdmeshError `unsupported`
 */
export function findRule(rule: string, params: Readonly<Record<string, number>>): Kernel {
  const kernel = Object.hasOwn(RULES, rule) ? RULES[rule] : undefined
  const hint = `this version computes ${IMPLEMENTED_RULES.join(', ')}; a newer coldmesh may know more`
  if (kernel === undefined)
    throw new ColdmeshError('unsupported', `The fusion rule ${JSON.stringify(rule)} is unknown.`, { hint })
  if (kernel === null) {
    throw new ColdmeshError('unsupported', `The fusion rule ${rule} is not computed by this version.`, {
      facts: { rule },
      hint,
    })
  }
  const [param] = Object.keys(params)
  if (param !== undefined) {
    const message = `The parameter ${JSON.stringify(param)} of ${rule} is not supported by this version.`
    throw new ColdmeshError('unsupported', message, { facts: { rule }, hint })
  }
  return kernel
}
