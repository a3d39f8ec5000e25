import type { CID } from 'multiformats/cid'
import { encodeLayout, type Layout } from '../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import { importFile } from '../../../src/checkpoint/unixfs.ts'
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

/** A checkpoint of `TEST_LAYOUT`; another seed, other values. */
export function checkpointBytes(seed: number): Uint8Array {
  const base = new Uint8Array(TEST_LAYOUT.totalBytes)
  const tensors = TEST_LAYOUT.tensors
    .filter(({ dtype }) => dtype === 'F32')
    .map(({ name, shape, begin, end }) => {
      const data = new Float32Array((end - begin) / 4)
      for (let i = 0; i < data.length; i++) data[i] = ((i * 31 + seed * 17) % 1009) / 1009 - 0.5 + seed / 64
      return { name, shape, data }
    })
  return encodeCheckpoint(TEST_LAYOUT, tensors, base)
}

export async function importBytes(bytes: Uint8Array, store: ContentStore): Promise<CID> {
  const { cid } = await importFile([bytes], (block, content) => store.put(block, content))
  return cid
}
