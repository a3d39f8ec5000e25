import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { killEverywhere, memoryDirectory } from '../../../../support/disk/killed.ts'
import { leafyFile, makeFile, namesIn, wholeFiles } from './leafy-file.ts'

/** One that goes; one that stays and has a leaf of it; one that stays, of which only the first has a leaf. */
const [going, sharing, scattered] = [leafyFile(1, 2, 3, 4), leafyFile(2, 5), leafyFile(3, 6)]
/** Going too: half fetched, in blocks of its own, and somebody else's file. */
const [half, loose, linked] = [leafyFile(7, 8, 9), leafyFile(10, 11), leafyFile(12, 13)]
const all = [going, sharing, scattered, half, loose, linked]
const small = Buffer.from('a record')

async function wholeIn(directory: string, when: string) {
  await using store = await openBlockStore(directory)
  return await wholeFiles(store, all, when)
}

// docs/reliability.md: faults 47 and 50.
describe('a sweep of whole files that is killed', () => {
  it('at any step leaves nothing half visible and all that stays; the next one finds the rest', async () => {
    await using scratch = await memoryDirectory()
    const directory = join(scratch.path, 'blocks')
    const path = join(scratch.path, 'model.safetensors')
    await writeFile(path, linked.content)
    {
      await using store = await openBlockStore(directory)
      await makeFile(store, going)
      await makeFile(store, sharing)
      // Its other leaf lies in the file that goes alone.
      await store.local.put(scattered.root, scattered.node)
      await store.local.put(rawCid(scattered.blocks[1] ?? small), scattered.blocks[1] ?? small)
      await store.local.put(rawCid(small), small)
      await using incoming = await store.files.receive(half)
      await incoming.write(1, half.blocks[1] ?? small)
      await store.local.put(half.root, half.node)
      await store.local.put(loose.root, loose.node)
      for (const [i, { cid }] of loose.leaves.entries()) await store.local.put(cid, loose.blocks[i] ?? small)
      await store.files.link(path, async () => linked.digests)
    }
    const sweep = async (blocks: string) => {
      await using store = await openBlockStore(blocks)
      const plan = async () => ({
        drop: [going.root, half.root, loose.root, linked.root],
        keep: [sharing.root, scattered.root],
        isKept: () => false,
      })
      await store.retention.sweep({ plan, onGone: async () => {}, signal: new AbortController().signal })
    }
    const labels = await killEverywhere({
      ...{ directory, scratch: scratch.path, work: sweep },
      async check({ directory: blocks, when, isDone }) {
        const whole = await wholeIn(blocks, when)
        assert.ok(whole.includes(sharing) && whole.includes(scattered), `${when}: what stays is whole`)
        await sweep(blocks)
        await using store = await openBlockStore(blocks)
        assert.deepEqual(await wholeFiles(store, all, when), [sharing, scattered], when)
        for (const { root, leaves } of [going, half, loose, linked]) {
          for (const cid of [root, ...leaves.map(({ cid }) => cid)]) {
            const stays = [sharing, scattered].some((file) => file.leaves.some((leaf) => leaf.cid.equals(cid)))
            assert.equal(await store.local.has(cid), stays, `${when}: ${cid}`)
          }
        }
        assert.ok(small.equals(await store.local.get(rawCid(small))), when)
        const names = [sharing, scattered].flatMap(({ root }) => [`${root}.index`, `${root}.safetensors`])
        assert.deepEqual(await namesIn(blocks), names.toSorted(), when)
        assert.ok(!isDone || whole.length === 2, when)
      },
    })
    assert.ok(labels.length > 15, labels.join())
  })
})
