import { ColdmeshError } from '../ports/errors.ts'
import { meanF32, meanHalf } from './mean.ts'
import { meanRebasedF32, meanRebasedHalf, type Overflow, type Rebasable } from './rebase.ts'

/** One window of a rule: `inputs` in contribution-id order and `out`, all of one length. */
type Kernel<Elements> = (inputs: readonly Elements[], out: Elements) => void

/** The same where an input is rebased; returns what the type can't hold. */
type RebasingKernel<Elements> = (
  inputs: readonly Rebasable<Elements>[],
  base: Elements,
  out: Elements,
) => Overflow | null

/** A rule's kernels for each float type; those of 16 bits take bits. */
export interface Kernels {
  readonly F32: Kernel<Float32Array>
  readonly BF16: Kernel<Uint16Array>
  readonly F16: Kernel<Uint16Array>
  readonly rebasing: {
    readonly F32: RebasingKernel<Float32Array>
    readonly BF16: RebasingKernel<Uint16Array>
    readonly F16: RebasingKernel<Uint16Array>
  }
}

const MEAN: Kernels = {
  F32: meanF32,
  BF16: (inputs, out) => meanHalf('BF16', inputs, out),
  F16: (inputs, out) => meanHalf('F16', inputs, out),
  rebasing: {
    F32: meanRebasedF32,
    BF16: (inputs, base, out) => meanRebasedHalf('BF16', inputs, base, out),
    F16: (inputs, base, out) => meanRebasedHalf('F16', inputs, base, out),
  },
}

/** Every rule that a genesis may name. Rows are added, never edited; null: this version does not compute it. */
const RULES: Readonly<Record<string, Kernels | null>> = {
  'mean/1': MEAN,
  'clipped-mean/1': null,
  'weighted-mean/1': null,
  'trimmed-mean/1': null,
  'median/1': null,
  'ties/1': null,
}

/** Names of the rules that this version computes. */
export const IMPLEMENTED_RULES: readonly string[] = Object.keys(RULES).filter((name) => RULES[name] !== null)

/**
 * The kernels of a rule, by its exact name and version; there is no falling back to another rule.
 * @throws ColdmeshError `unsupported`
 */
export function findRule(rule: string, params: Readonly<Record<string, number>>): Kernels {
  const kernels = Object.hasOwn(RULES, rule) ? RULES[rule] : undefined
  const hint = `this version computes ${IMPLEMENTED_RULES.join(', ')}; a newer coldmesh may know more`
  if (kernels === undefined)
    throw new ColdmeshError('unsupported', `The fusion rule ${JSON.stringify(rule)} is unknown.`, { hint })
  if (kernels === null) {
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
  return kernels
}
