import type { FusionParams } from '../../protocols/genesis/fusion.ts'
import type { Clipping } from '../../protocols/lineage/clipping.ts'
import { firstNonFinite } from '../floats/scan.ts'
import { requireEqual, requireFinite, requireFiniteInputs, requireRebased, resultNotFinite, spanOf } from './check.ts'
import { createSpanFuser, type SpanFuser } from './javascript.ts'
import { checkDtypes, type FusionLayout, fusedDtype, type Part } from './layout.ts'
import { measure } from './measure.ts'
import { type ReadyRule, readRule, type StatedRule } from './rule.ts'
import { assertSubnormals } from './self-test.ts'
import { type Files, readWindows, type Window } from './windows.ts'

export interface FuseOptions extends Files {
  /** For example `mean/1`. */
  readonly rule: string
  /** The rule's parameters, as a genesis states them. */
  readonly params: FusionParams
  /** Rows that each input states; `weighted-mean/1` needs them. */
  readonly rows?: readonly number[]
  /** Called before the first chunk with what `clipped-mean/1` found. */
  readonly onClipping?: (clipping: Clipping) => void
}

/**
 * Fuses checkpoints of one layout into the next: the same inputs give the same bytes on every machine.
 * Every chunk yielded is the caller's to keep. An input that is not valid ends the stream with an error: use nothing of
 * what came before.
 * @throws ColdmeshError `unsupported` (rule, parameter, dtype; at once), `bad-input` (a parameter's value, too few inputs; at once),
 * `bad-checkpoint` (facts: `input`, its index, and
 * where it applies `tensor`, `element`, `isParent` when it is about the weights that the input was trained from), `not-valid` (the result is not finite), `refused` (a machine that can't compute it)
 */
export function fuseCheckpoints(options: FuseOptions): AsyncIterable<Uint8Array> {
  const { rule, params, rows, layout, inputs } = options
  if (inputs.length === 0) throw new RangeError('a fusion needs at least one input')
  const stated = readRule({ rule, params, rows, inputs: inputs.length })
  checkDtypes(layout)
  assertSubnormals()
  return streamWindows(options, stated)
}

async function* streamWindows(options: FuseOptions, stated: StatedRule): AsyncGenerator<Uint8Array> {
  const { ready, clipping } = await measure(stated, options)
  if (clipping !== null) options.onClipping?.(clipping)
  const fuse = createSpanFuser(ready, options.inputs.length)
  for await (const window of readWindows(options)) yield fuseWindow(options.layout, window, { ready, fuse })
}

/** The result's bytes of a window. @throws ColdmeshError `bad-checkpoint`, `not-valid`, as `fuseCheckpoints` */
export function fuseWindow(
  layout: FusionLayout,
  window: Window,
  rule: { readonly ready: ReadyRule; readonly fuse: SpanFuser },
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(window.bytes)
  out.set(layout.header.subarray(window.offset, Math.min(layout.dataStart, window.offset + window.bytes)))
  for (const part of window.parts) fusePart(window, part, out, rule)
  return out
}

/** Rules whose result is not finite wherever an input's value is not. */
const SHOW_EVERY_INPUT: readonly string[] = ['mean/1', 'weighted-mean/1', 'clipped-mean/1']

function fusePart(
  window: Window,
  part: Part,
  out: Uint8Array,
  { ready, fuse }: { readonly ready: ReadyRule; readonly fuse: SpanFuser },
): void {
  const dtype = fusedDtype(part.tensor)
  const into = out.subarray(part.from, part.to)
  if (dtype === null) {
    requireEqual(window, part)
    into.set(window.base.subarray(part.from, part.to))
    return
  }
  const span = spanOf(window, part, dtype)
  if (!SHOW_EVERY_INPUT.includes(ready.rule)) requireFiniteInputs(span, part)
  requireRebased(fuse(span, into), span, part)
  const element = firstNonFinite(dtype, into)
  if (element < 0) return
  requireFinite(span, part)
  throw resultNotFinite(part, dtype, element)
}
