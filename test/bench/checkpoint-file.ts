import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { encodeLayout, type Layout, type TensorSpec } from '../../src/checkpoint/layout.ts'

const MIB = 1_048_576

export interface MadeCheckpoint {
  readonly path: string
  /** Of all its tensors together; the file is longer by its header. */
  readonly bytes: number
  readonly seed: number
  readonly dtype?: 'F32' | 'BF16' | 'F16'
}

/** Writes a checkpoint of random finite weights, as large as asked for; two with one size and dtype have one layout. */
export async function writeCheckpoint({ path, bytes, seed, dtype = 'F32' }: MadeCheckpoint): Promise<Layout> {
  const layout = layoutOf(bytes, dtype)
  await writeWeights({ path, layout, seed, dtype })
  return layout
}

/** The same for a layout, of tensors of one dtype. */
export async function writeWeights(options: {
  readonly path: string
  readonly layout: Layout
  readonly seed: number
  readonly dtype?: 'F32' | 'BF16' | 'F16'
}): Promise<void> {
  const { path, layout, seed, dtype = 'F32' } = options
  await pipeline(chunks(layout, seed, dtype), createWriteStream(path, { highWaterMark: MIB }))
}

/** Tensors of at most 16 million elements: as models have them, and below every limit of a header. */
export function layoutOf(bytes: number, dtype: 'F32' | 'BF16' | 'F16' = 'F32'): Layout {
  const width = dtype === 'F32' ? 4 : 2
  const most = 16 * MIB
  const tensors: TensorSpec[] = []
  for (let left = Math.floor(bytes / width); left > 0; left -= most) {
    const name = `encoder.layer.${String(tensors.length).padStart(4, '0')}.weight`
    tensors.push({ name, dtype, shape: [Math.min(left, most)] })
  }
  return encodeLayout(tensors)
}

function* chunks(layout: Layout, seed: number, dtype: 'F32' | 'BF16' | 'F16'): Generator<Uint8Array> {
  yield layout.header
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) | 1
  for (let left = layout.totalBytes - layout.dataStart; left > 0; left -= MIB) {
    // The writer keeps chunks while it waits, so each gets its own bytes.
    const words = new Uint32Array(MIB / 4)
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      // Signs and fractions are random; exponents are those of weights: 2^-8 to 2^-5 or so.
      if (dtype === 'F32') words[i] = (state & 0x807fffff) | (((state >>> 29) + 119) << 23)
      else if (dtype === 'BF16') words[i] = (state & 0x807f807f) | 0x3c003c80
      else words[i] = (state & 0x83ff83ff) | 0x24002800
    }
    yield new Uint8Array(words.buffer, 0, Math.min(left, MIB))
  }
}
