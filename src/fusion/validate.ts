import { ColdmeshError } from '../ports/errors.ts'
import { firstDifference, WINDOW_BYTES } from './fuse.ts'
import { checkDtypes, type FusionLayout, isFused, type Part, partsOf } from './layout.ts'
import { firstNonFinite } from './scan.ts'
import { createWindowReader } from './window-reader.ts'

export type Validation =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: 'header-differs' | 'not-finite' | 'integer-tensor-differs' | 'wrong-size'
      /** A sentence naming tensor and element. */
      readonly detail: string
    }

const FLOAT_BYTES = 4

/**
 * Checks a contribution's checkpoint against its base in one pass and constant memory: equal length and header, finite
 * F32 values, integer and boolean tensors as in the base. The base is read only if it has such tensors.
 * @throws ColdmeshError `unsupported` for a dtype that is not fused, `bad-checkpoint` when
 * the base itself is cut off; a bad checkpoint is a value, not an error
 */
export async function validateCheckpoint(options: {
  readonly layout: FusionLayout
  readonly base: AsyncIterable<Uint8Array>
  readonly checkpoint: AsyncIterable<Uint8Array>
}): Promise<Validation> {
  const { layout } = options
  checkDtypes(layout)
  const needsBase = !layout.tensors.every(isFused)
  const base = createWindowReader(options.base, WINDOW_BYTES)
  const checkpoint = createWindowReader(options.checkpoint, WINDOW_BYTES)
  let next = 0
  try {
    for (let offset = 0; offset < layout.totalBytes; offset += WINDOW_BYTES) {
      const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
      const window = await checkpoint.take(bytes)
      if (window.length < bytes) return wrongSize(layout, 'fewer')
      const headerBytes = Math.max(0, Math.min(layout.dataStart - offset, bytes))
      const different = firstDifference(window, layout.header.subarray(offset), 0, headerBytes)
      if (different >= 0) {
        return {
          ok: false,
          reason: 'header-differs',
          detail: `The header differs from the base's at byte ${offset + different}.`,
        }
      }
      const baseWindow = needsBase ? await base.take(bytes) : window
      if (baseWindow.length < bytes) throw new ColdmeshError('bad-checkpoint', 'The base ends too early.')
      const found = partsOf(layout, offset, bytes, next)
      next = found.next
      for (const part of found.parts) {
        const verdict = isFused(part.tensor) ? checkFinite(part, window) : checkEqual(part, window, baseWindow)
        if (!verdict.ok) return verdict
      }
    }
    return (await checkpoint.isAtEnd()) ? { ok: true } : wrongSize(layout, 'more')
  } finally {
    await Promise.all([base.close(), checkpoint.close()])
  }
}

function wrongSize(layout: FusionLayout, how: 'fewer' | 'more'): Validation {
  return { ok: false, reason: 'wrong-size', detail: `The file has ${how} than the base's ${layout.totalBytes} bytes.` }
}

function checkFinite(part: Part, window: Uint8Array): Validation {
  const floats = new Float32Array(window.buffer, window.byteOffset + part.from, (part.to - part.from) / FLOAT_BYTES)
  const bad = firstNonFinite(floats)
  if (bad < 0) return { ok: true }
  const detail = `Tensor ${JSON.stringify(part.tensor.name)} has NaN or infinity at element ${part.skipped / FLOAT_BYTES + bad}.`
  return { ok: false, reason: 'not-finite', detail }
}

function checkEqual(part: Part, window: Uint8Array, base: Uint8Array): Validation {
  const at = firstDifference(window, base, part.from, part.to)
  if (at < 0) return { ok: true }
  const detail = `Tensor ${JSON.stringify(part.tensor.name)} differs from the base's at byte ${part.skipped + at - part.from}.`
  return { ok: false, reason: 'integer-tensor-differs', detail }
}
