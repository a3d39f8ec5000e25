import assert from 'node:assert/strict'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { treeOfDigests, writeNode } from '../../../../../src/checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../../../../src/checkpoint/unixfs.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'

const blocks = [1, 2, 3].map((byte) => Buffer.alloc(LEAF_BYTES, byte))
const [first = Buffer.of(), second = Buffer.of(), third = Buffer.of()] = blocks

function fileOf(...leaves: readonly Buffer[]) {
  const digests = Buffer.concat(leaves.map((leaf) => rawCid(leaf).multihash.digest))
  const node = writeNode(treeOfDigests(digests, leaves.length * LEAF_BYTES), 1, 0)
  return { digests, content: Buffer.concat(leaves), root: node.cid, node: node.block }
}

describe('a file that goes', () => {
  it('leaves behind what a file that stays has only there', async () => {
    await using directory = await temporaryDirectory()
    const going = fileOf(first, second)
    // Only its node and its own leaf are here: the other is a part of the file that goes.
    const staying = fileOf(second, third)
    const blocksAt = (name: string) => join(directory.path, name)
    await using store = await openBlockStore(blocksAt('blocks'))
    await using making = await store.files.make(going.content.length)
    await writeFile(making.path, going.content)
    await making.finish(going.digests)
    await store.local.put(staying.root, staying.node)
    await store.local.put(rawCid(third), third)
    const plan = async () => ({ drop: [going.root], keep: [staying.root], isKept: () => false })
    await store.retention.sweep({ plan, onGone: async () => {}, signal: new AbortController().signal })
    await cp(blocksAt('blocks'), blocksAt('copy'), { recursive: true })
    assert.equal(await store.local.has(rawCid(first)), false)
    // As after a kill: nothing was closed.
    await using again = await openBlockStore(blocksAt('copy'))
    assert.ok(second.equals(await again.local.get(rawCid(second))))
    await using kept = await again.files.open(staying.root)
    assert.equal(kept?.bytes, staying.content.length, 'its leaves make it a file')
  })
})
