import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { dagPbCid, rawCid } from '../../../../src/checkpoint/cid.ts'
import { encodeNode, LEAF_BYTES, readChildren, readRootBytes } from '../../../../src/checkpoint/file-tree.ts'

describe('a node of a file', () => {
  it('states sizes of any length, also those that the library writes wrongly', () => {
    const node = (sizes: readonly number[], height: number) =>
      encodeNode(
        sizes.map((bytes) => ({ cid: height === 1 ? rawCid(new Uint8Array()) : dagPbCid(new Uint8Array()), bytes })),
        height,
      )
    const gibibyte = 1024 * LEAF_BYTES
    for (const sizes of [
      [gibibyte, 1],
      [gibibyte, gibibyte - 1],
      [gibibyte, gibibyte],
      [gibibyte, gibibyte, 473_956_364],
    ]) {
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const { block } = node(sizes, 2)
      assert.equal(readRootBytes(block), total)
      assert.deepEqual(
        readChildren(block, total, 2).map(({ bytes }) => bytes),
        sizes,
      )
    }
    const small = node([LEAF_BYTES, 5], 1).block
    const theirs = new UnixFS({ type: 'file', blockSizes: [BigInt(LEAF_BYTES), 5n] }).marshal()
    assert.deepEqual(decode(small).Data, theirs)
  })
})
