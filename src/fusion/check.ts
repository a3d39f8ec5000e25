import { FLOAT_BYTES, type FloatDtype } from '../floats/dtypes.ts'
import { firstNonFinite } from '../floats/scan.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Part } from './layout.ts'
import type { Overflow } from './rebase.ts'
import type { Span } from './span.ts'
import { badParent, firstDifference, type Window } from './windows.ts'

/** A part of a float tensor in every file. */
export function spanOf({ base, inputs, parents }: Window, part: Part, dtype: FloatDtype): Span {
  const cut = (window: Uint8Array) => window.subarray(part.from, part.to)
  return {
    ...{ dtype, base: cut(base), inputs: inputs.map(cut) },
    parents: parents.map((window) => (window === null ? null : cut(window))),
  }
}

/** @throws ColdmeshError `bad-checkpoint` naming the first NaN or infinity in an input, its parent or the base */
export function requireFinite(span: Span, part: Part): void {
  requireFiniteInputs(span, part)
  const bad = firstNonFinite(span.dtype, span.base)
  if (bad >= 0) throw notFinite('The base has NaN or infinity', part, span.dtype, bad)
}

/** @throws ColdmeshError `bad-checkpoint` naming the first NaN or infinity in an input or its parent */
export function requireFiniteInputs({ dtype, inputs, parents }: Span, part: Part): void {
  for (const [input, data] of inputs.entries()) {
    const bad = firstNonFinite(dtype, data)
    if (bad >= 0) throw notFinite(`Input ${input} has NaN or infinity`, part, dtype, bad, input)
    const parent = parents[input] ?? null
    if (parent !== null && firstNonFinite(dtype, parent) >= 0) throw badParent(input, 'has NaN or infinity')
  }
}

/** @throws ColdmeshError `bad-checkpoint` where an input's rebased value is not finite; what made it so first */
export function requireRebased(overflow: Overflow | null, span: Span, part: Part): void {
  if (overflow === null) return
  requireFinite(span, part)
  const { input, element } = overflow
  throw notFinite(`Input ${input}, rebased, is not finite`, part, span.dtype, element, input)
}

function notFinite(what: string, part: Part, dtype: FloatDtype, at: number, input?: number): ColdmeshError {
  const tensor = part.tensor.name
  const element = at + part.skipped / FLOAT_BYTES[dtype]
  const message = `${what} in tensor ${JSON.stringify(tensor)} at element ${element}.`
  return new ColdmeshError('bad-checkpoint', message, {
    facts: { ...(input === undefined ? {} : { input }), tensor, element },
  })
}

/** A rule's own result: no input is to blame. */
export function resultNotFinite(part: Part, dtype: FloatDtype, at: number): ColdmeshError {
  const facts = { tensor: part.tensor.name, element: at + part.skipped / FLOAT_BYTES[dtype] }
  const message = `The fusion of tensor ${JSON.stringify(facts.tensor)} is not finite at element ${facts.element}.`
  return new ColdmeshError('not-valid', message, { facts })
}

/** @throws ColdmeshError `bad-checkpoint` where an input's part of an integer tensor is not the base's */
export function requireEqual({ base, inputs }: Window, part: Part): void {
  for (const [input, window] of inputs.entries()) {
    const at = firstDifference(window, base, part.from, part.to)
    if (at < 0) continue
    const facts = { input, tensor: part.tensor.name, byte: part.skipped + at - part.from }
    const message = `Input ${input} differs from the base in the integer tensor ${JSON.stringify(facts.tensor)} at byte ${facts.byte}.`
    throw new ColdmeshError('bad-checkpoint', message, { facts })
  }
}
