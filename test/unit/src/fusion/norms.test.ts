import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clipping } from '../../../../protocols/lineage/clipping.ts'
import { decodeCheckpoint } from '../../../../src/checkpoint/safetensors.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { checkpoint, LAYOUT, stream } from './support.ts'

const BLOCK = 65_536

/** docs/fusion.md, clipped-mean/1, in one loop over whole tensors. */
function squaredNorm(input: Uint8Array, base: Uint8Array): number {
  const older = new Map(decodeCheckpoint(base).weights.map(({ name, data }) => [name, data]))
  let total = 0
  for (const { name, data } of decodeCheckpoint(input).weights) {
    for (let from = 0; from < data.length; from += BLOCK) {
      let sum = 0
      for (let i = from; i < Math.min(data.length, from + BLOCK); i++) {
        const difference = (data[i] ?? 0) - (older.get(name)?.[i] ?? 0)
        sum += difference * difference
      }
      total += sum
    }
  }
  return total
}

describe('norms of clipped-mean/1', () => {
  it('are sums of blocks that begin anew in each tensor, whatever windows and chunks are', async () => {
    const [base, ...inputs] = [0, 1, 2, 3].map((seed) => checkpoint(seed))
    assert.ok(base)
    const expected = inputs.map((input) => squaredNorm(input, base))
    for (const sizes of [[1_048_576], [70_001, 999_983], [1_500_001]]) {
      const found: Clipping[] = []
      const files = {
        base: () => stream(base, sizes),
        inputs: inputs.map((input) => () => stream(input, sizes)),
      }
      const options = { rule: 'clipped-mean/1', params: {}, layout: LAYOUT, ...files }
      for await (const _ of fuseCheckpoints({ ...options, onClipping: (clipping) => found.push(clipping) })) break
      assert.deepEqual(found[0]?.norms, expected)
    }
  })
})
