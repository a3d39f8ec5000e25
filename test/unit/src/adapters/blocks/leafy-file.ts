import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { rootOf, treeOfDigests, writeNode } from '../../../../../src/checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import type { FileToReceive } from '../../../../../src/ports/weight-files.ts'

/** A file of a few leaves, each of one byte repeated; the last is short. */
export interface LeafyFile extends FileToReceive {
  readonly content: Buffer
  readonly digests: Buffer
  readonly blocks: readonly Buffer[]
  /** The one above the leaves. */
  readonly node: Uint8Array
}

export function leafyFile(...values: readonly number[]): LeafyFile {
  const blocks = values.map((value, i) => Buffer.alloc(i < values.length - 1 ? LEAF_BYTES : 1000, value))
  const content = Buffer.concat(blocks)
  const leaves = blocks.map((block) => ({ cid: rawCid(block), bytes: block.length }))
  const digests = Buffer.concat(leaves.map(({ cid }) => cid.multihash.digest))
  const tree = treeOfDigests(digests, content.length)
  const { block: node } = writeNode(tree, 1, 0)
  return { root: rootOf(tree), bytes: content.length, leaves, content, digests, blocks, node }
}

export async function makeFile({ files }: BlockStore, { bytes, content, digests }: LeafyFile): Promise<CID> {
  await using making = await files.make(bytes)
  await writeFile(making.path, content)
  return await making.finish(digests)
}

/** Nothing that the store has of these files is wrong, and a file is whole or none. @returns those that are whole */
export async function wholeFiles(
  store: BlockStore,
  files: readonly LeafyFile[],
  when: string,
): Promise<readonly LeafyFile[]> {
  const whole: LeafyFile[] = []
  for (const file of files) {
    for (const [cid, block] of [...blocksOf(file)]) {
      const found = await store.local.get(cid).catch((error: unknown) => {
        if (isColdmeshError(error, 'block-missing')) return null
        throw new Error(`${when}: ${error}`, { cause: error })
      })
      assert.ok(found === null || Buffer.from(block).equals(found), `${when}: wrong bytes`)
      assert.equal(await store.local.has(cid), found !== null, when)
    }
    await using kept = await store.files.open(file.root)
    if (kept === null) continue
    assert.ok((await readFile(kept.path)).equals(file.content), `${when}: a file is not what its name says`)
    whole.push(file)
  }
  return whole
}

function* blocksOf({ root, node, leaves, blocks }: LeafyFile): Generator<readonly [CID, Uint8Array]> {
  for (const [i, { cid }] of leaves.entries()) yield [cid, blocks[i] ?? new Uint8Array()]
  if (blocks.length > 1) yield [root, node]
}

/** Files of a store, but for the packed ones; nothing half made or half deleted is among them. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, 'files'), { recursive: true }).catch(() => [])
  return names.filter((name) => name !== 'incoming' && name !== 'making').toSorted()
}
