import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { NextToLast } from 'blockstore-fs/sharding'
import type { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { killEverywhere, memoryDirectory } from '../../../../support/disk/killed.ts'
import { type LeafyFile, leafyFile, namesIn, wholeFiles } from './leafy-file.ts'

/** Two that share a leaf; one of which a leaf is missing, as a download leaves it; one with a damaged leaf. */
const [first, second, partial, rotten] = [leafyFile(1, 2, 3), leafyFile(2, 4), leafyFile(5, 6), leafyFile(8, 9)]
const whole = [first, second]
const small = ['a lineage', 'a card'].map((text) => Buffer.from(text))

/** As blockstore-fs keeps blocks: each in a file of its own. */
async function writeOldLayout(directory: string): Promise<void> {
  const layout = new NextToLast()
  async function write(cid: CID, block: Uint8Array): Promise<void> {
    const { dir, file } = layout.encode(cid)
    await mkdir(join(directory, dir), { recursive: true })
    await writeFile(join(directory, dir, file), block)
  }
  for (const file of [first, second, partial, rotten]) {
    await write(file.root, file.node)
    for (const [i, { cid }] of file.leaves.entries()) {
      if (file === partial && i === 0) continue
      const block = file.blocks[i] ?? new Uint8Array()
      await write(cid, file === rotten && i === 0 ? block.map((byte) => byte ^ 1) : block)
    }
  }
  for (const block of small) await write(rawCid(block), block)
  await mkdir(join(directory, '.unfinished'))
  await writeFile(join(directory, '.unfinished', 'half'), 'a bl')
}

const damaged = rotten.leaves[0]?.cid

/** All that was there is there: as files, or as blocks. */
async function check(directory: string, when: string): Promise<void> {
  await using store = await openBlockStore(directory)
  assert.deepEqual(await wholeFiles(store, whole, when), whole, when)
  assert.deepEqual(await wholeFiles(store, [partial], when), [], when)
  const expected = [first, second, partial, rotten].flatMap((file: LeafyFile) =>
    file.leaves.map(({ cid }, i) => ({ cid, block: file.blocks[i] })),
  )
  for (const { cid, block } of [...expected, ...small.map((each) => ({ cid: rawCid(each), block: each }))]) {
    if (cid === partial.leaves[0]?.cid) continue
    if (cid !== damaged) assert.ok(block?.equals(await store.local.get(cid)), `${when}: ${cid}`)
  }
  for (const { root, node } of [partial, rotten]) {
    assert.ok(Buffer.from(node).equals(await store.local.get(root)), when)
  }
  assert.ok(damaged)
  await assert.rejects(store.local.get(damaged), (error) => isColdmeshError(error, 'block-corrupt'), when)
  assert.deepEqual((await readdir(directory)).toSorted(), ['files', 'packed'], when)
  assert.equal((await namesIn(directory)).filter((name) => name.endsWith('.safetensors')).length, 2, when)
}

// docs/reliability.md: fault 47.
describe('a directory of one file a block', () => {
  it('is taken over once: whole files as files, all the rest as blocks, damage told', async () => {
    await using directory = await temporaryDirectory()
    await writeOldLayout(directory.path)
    {
      await using store = await openBlockStore(directory.path)
      assert.deepEqual(store.converted, { blocks: 13, files: 2 })
    }
    {
      await using store = await openBlockStore(directory.path)
      assert.equal(store.converted, null)
    }
    await check(directory.path, 'at the end')
  })

  it('loses nothing when that is killed at any step, and is taken over by the next start', async () => {
    await using scratch = await memoryDirectory()
    const directory = join(scratch.path, 'blocks')
    await mkdir(directory)
    await writeOldLayout(directory)
    const labels = await killEverywhere({
      ...{ directory, scratch: scratch.path },
      work: (blocks) => openBlockStore(blocks),
      check: ({ directory: blocks, when }) => check(blocks, when),
    })
    assert.ok(labels.length > 30, labels.join())
  })
})
