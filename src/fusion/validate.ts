import { FLOAT_BYTES, type FloatDtype } from '../floats/dtypes.ts'
import { firstNonFinite } from '../floats/scan.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { checkDtypes, type FusionLayout, fusedDtype, type Part, partsOf } from './layout.ts'
import { visitBlocks } from './span.ts'
import { createWindowReader } from './window-reader.ts'
import { firstDifference, WINDOW_BYTES } from './windows.ts'

export type Validation =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: 'header-differs' | 'not-finite' | 'integer-tensor-differs' | 'wrong-size' | 'rebased-not-finite'
      /** A sentence naming tensor and element. */
      readonly detail: string
    }

/**
 * Checks a contribution's checkpoint against its base in one pass and constant memory: equal length and header, finite
 * float values, integer and boolean tensors as in the base; where it is rebased, what it stands for is finite too. The base is
 * read only if it has such tensors or something is rebased.
 * @throws ColdmeshError `unsupported` for a dtype that is not fused, `bad-checkpoint` when
 * the base or the parent itself is cut off; a bad checkpoint is a value, not an error
 */
export async function validateCheckpoint(options: {
  readonly layout: FusionLayout
  readonly base: AsyncIterable<Uint8Array>
  readonly checkpoint: AsyncIterable<Uint8Array>
  /** The weights that a late contribution was trained from. Default: the base's, and nothing is rebased. */
  readonly parent?: AsyncIterable<Uint8Array>
}): Promise<Validation> {
  const { layout } = options
  checkDtypes(layout)
  const needsBase = options.parent !== undefined || layout.tensors.some((tensor) => fusedDtype(tensor) === null)
  const base = createWindowReader(options.base, WINDOW_BYTES)
  const parent = options.parent === undefined ? null : createWindowReader(options.parent, WINDOW_BYTES)
  const checkpoint = createWindowReader(options.checkpoint, WINDOW_BYTES)
  let next = 0
  try {
    for (let offset = 0; offset < layout.totalBytes; offset += WINDOW_BYTES) {
      const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
      const window = await checkpoint.take(bytes)
      if (window.length < bytes) return wrongSize(layout, 'fewer')
      const baseWindow = needsBase ? await base.take(bytes) : window
      if (baseWindow.length < bytes) throw new ColdmeshError('bad-checkpoint', 'The base ends too early.')
      const parentWindow = parent === null ? null : await parent.take(bytes)
      if (parentWindow !== null && parentWindow.length < bytes)
        throw new ColdmeshError('bad-checkpoint', 'The weights that it was trained from end too early.')
      const found = partsOf(layout, offset, bytes, next)
      next = found.next
      const windows = { offset, values: window, base: baseWindow, parent: parentWindow }
      const verdict = validateWindow(layout, found.parts, windows)
      if (!verdict.ok) return verdict
    }
    return (await checkpoint.isAtEnd()) ? { ok: true } : wrongSize(layout, 'more')
  } finally {
    await Promise.all([base.close(), checkpoint.close(), parent?.close()])
  }
}

/** The same bytes of a checkpoint, of its base and of the weights that it was trained from, where it is late. */
export interface CheckpointWindow {
  readonly offset: number
  readonly values: Uint8Array
  readonly base: Uint8Array
  readonly parent: Uint8Array | null
}

/** Checks a window. */
export function validateWindow(
  layout: FusionLayout,
  parts: readonly Part[],
  { offset, values, base, parent }: CheckpointWindow,
): Validation {
  const headerBytes = Math.max(0, Math.min(layout.dataStart - offset, values.length))
  const different = firstDifference(values, layout.header.subarray(offset), 0, headerBytes)
  if (different >= 0) {
    const detail = `The header differs from the base's at byte ${offset + different}.`
    return { ok: false, reason: 'header-differs', detail }
  }
  for (const part of parts) {
    const dtype = fusedDtype(part.tensor)
    const verdict = dtype === null ? checkEqual(part, values, base) : checkFinite(dtype, part, values)
    if (!verdict.ok) return verdict
    if (dtype === null || parent === null) continue
    const rebased = checkRebased(dtype, part, { values, parent, base })
    if (!rebased.ok) return rebased
  }
  return { ok: true }
}

export function wrongSize(layout: FusionLayout, how: 'fewer' | 'more'): Validation {
  return { ok: false, reason: 'wrong-size', detail: `The file has ${how} than the base's ${layout.totalBytes} bytes.` }
}

function checkFinite(dtype: FloatDtype, part: Part, window: Uint8Array): Validation {
  const bad = firstNonFinite(dtype, window.subarray(part.from, part.to))
  if (bad < 0) return { ok: true }
  const element = part.skipped / FLOAT_BYTES[dtype] + bad
  const detail = `Tensor ${JSON.stringify(part.tensor.name)} has NaN or infinity at element ${element}.`
  return { ok: false, reason: 'not-finite', detail }
}

/** What it stands for, `base + (value - parent)`, must be a value of its type: else one late checkpoint could hold a round. */
function checkRebased(
  dtype: FloatDtype,
  part: Part,
  windows: { readonly values: Uint8Array; readonly parent: Uint8Array; readonly base: Uint8Array },
): Validation {
  const cut = (window: Uint8Array) => window.subarray(part.from, part.to)
  const { values, parent, base } = windows
  const span = { dtype, base: cut(base), inputs: [cut(values)], parents: [cut(parent)] }
  const bad = visitBlocks(span, { isRounded: true }, () => {})?.element ?? -1
  if (bad < 0) return { ok: true }
  const element = part.skipped / FLOAT_BYTES[dtype] + bad
  const detail = `Tensor ${JSON.stringify(part.tensor.name)}, rebased, is not finite at element ${element}.`
  return { ok: false, reason: 'rebased-not-finite', detail }
}

function checkEqual(part: Part, window: Uint8Array, base: Uint8Array): Validation {
  const at = firstDifference(window, base, part.from, part.to)
  if (at < 0) return { ok: true }
  const detail = `Tensor ${JSON.stringify(part.tensor.name)} differs from the base's at byte ${part.skipped + at - part.from}.`
  return { ok: false, reason: 'integer-tensor-differs', detail }
}
