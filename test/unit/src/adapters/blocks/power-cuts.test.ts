import assert from 'node:assert/strict'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type BlockStore, openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { LEAF_BYTES } from '../../../../../src/checkpoint/unixfs.ts'
import { memoryDirectory } from '../../../../support/disk/killed.ts'
import { afterPowerCut, LOSSES, type Loss, recordDisk } from '../../../../support/disk/power-cut.ts'
import { leafyFile, makeFile, wholeFiles } from './leafy-file.ts'

const [before, file] = [leafyFile(1, 2), leafyFile(3, 1, 4)]
const SEEDS = [0, 1, 2]
const ALL: readonly Loss[] = [...LOSSES, ...SEEDS.map((seed) => ({ seed }))]

/** As a fusion writes one: leaf by leaf, through a handle of its own. */
async function make({ files }: BlockStore): Promise<void> {
  await using making = await files.make(file.bytes)
  const handle = await open(making.path, 'r+')
  for (const [leaf, block] of file.blocks.entries()) await handle.write(block, 0, block.length, leaf * LEAF_BYTES)
  await handle.close()
  await making.finish(file.digests)
}

async function receive({ files }: BlockStore, durable: 'now' | 'soon' = 'now'): Promise<void> {
  await using incoming = await files.receive(file, { durable })
  for (const leaf of incoming.missing) await incoming.write(leaf, file.blocks[leaf] ?? new Uint8Array())
  await incoming.finish()
}

const CASES = [
  { what: 'is fused into a new directory', work: make, isFirst: true },
  { what: 'is fetched beside another', work: (store: BlockStore) => receive(store), isFirst: false },
  { what: 'is fetched, to become durable later', work: (store: BlockStore) => receive(store, 'soon'), isFirst: false },
]

// docs/reliability.md: fault 48.
describe('a power cut while a file of weights', () => {
  for (const { what, work, isFirst } of CASES) {
    it(`${what}: it is right or not here, and here once that was said`, async () => {
      await using scratch = await memoryDirectory()
      const directory = join(scratch.path, 'peer')
      await mkdir(directory)
      if (!isFirst) {
        await using store = await openBlockStore(join(directory, 'blocks'))
        await makeFile(store, before)
      }
      const recording = await recordDisk(directory, async () => {
        await using store = await openBlockStore(join(directory, 'blocks'))
        await work(store)
      })
      assert.ok(recording.steps.length > 8)
      for (let count = 0; count <= recording.steps.length; count++) {
        for (const loss of ALL) {
          const left = join(scratch.path, 'left')
          await mkdir(left)
          await afterPowerCut(recording, { count, loss, directory: left })
          const last = recording.steps[count - 1]
          const when = `after ${count} steps (last: ${last?.op} ${last?.path}), ${JSON.stringify(loss)}`
          await check(join(left, 'blocks'), { isFirst, when, isDone: count === recording.steps.length })
          await rm(left, { recursive: true })
        }
      }
    })
  }

  async function check(
    directory: string,
    { isFirst, when, isDone }: { readonly isFirst: boolean; readonly when: string; readonly isDone: boolean },
  ): Promise<void> {
    await using store = await openBlockStore(directory)
    const whole = await wholeFiles(store, [before, file], when)
    assert.equal(whole.includes(before), !isFirst, `${when}: the other one`)
    assert.ok(whole.includes(file) || !isDone, `${when}: was said to be here`)
    if (!when.includes('seed')) return
    await receive(store)
    assert.ok((await wholeFiles(store, [file], when)).includes(file), `${when}: is fetched after it`)
  }
})
