import type { CID } from 'multiformats/cid'
import { encodeLayout, type Layout } from '../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import { importFile } from '../../../src/checkpoint/unixfs.ts'
import { FLOAT_BYTES, isFloatDtype } from '../../../src/floats/dtypes.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'

/** Two leaves: the embeddings cross from the first into the second. */
export const TEST_LAYOUT: Layout = encodeLayout(
  [
    { name: 'positions', dtype: 'I64', shape: [8] },
    { name: 'embeddings.weight', dtype: 'F32', shape: [1100, 256] },
    { name: 'layer.weight', dtype: 'F32', shape: [32, 16] },
  ],
  { format: 'pt' },
)

/** A few hundred bytes, for chains of hundreds of rounds. */
export const SMALL_LAYOUT: Layout = encodeLayout(
  [
    { name: 'positions', dtype: 'I64', shape: [8] },
    { name: 'layer.weight', dtype: 'F32', shape: [4, 16] },
  ],
  { format: 'pt' },
)

/** A checkpoint of the layout; another seed, other values. */
export function checkpointBytes(seed: number, layout: Layout = TEST_LAYOUT): Uint8Array {
  const base = new Uint8Array(layout.totalBytes)
  const tensors = layout.tensors.flatMap(({ name, dtype, shape, begin, end }) => {
    if (!isFloatDtype(dtype)) return []
    const data = new Float32Array((end - begin) / FLOAT_BYTES[dtype])
    for (let i = 0; i < data.length; i++) data[i] = ((i * 31 + seed * 17) % 1009) / 1009 - 0.5 + seed / 64
    return [{ name, shape, data }]
  })
  return encodeCheckpoint(layout, tensors, base)
}

export async function importBytes(bytes: Uint8Array, store: ContentStore): Promise<CID> {
  const { cid } = await importFile([bytes], (block, content) => store.put(block, content))
  return cid
}
