import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { createInUse } from '../../../../../src/adapters/blocks/in-use.ts'
import { openPackedBlocks } from '../../../../../src/adapters/blocks/packed-blocks.ts'
import { createServed } from '../../../../../src/adapters/blocks/served.ts'
import { sweepBlocks } from '../../../../../src/adapters/blocks/sweep.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { importFile, LEAF_BYTES, listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { createContentStore, type OpenContentStore } from '../../../../../src/peer/store/content-store.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import type { SweepPlan } from '../../../../../src/ports/retention.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { blocksIn } from '../../../../support/disk/stored-blocks.ts'
import { looseBlocks, NO_FILES } from './loose.ts'

const NOTHING_KEPT = () => false
const { signal } = new AbortController()

/** A file of three leaves, each of one byte repeated. */
const fileOf = (...leaves: readonly [number, number, number]) =>
  leaves.map((byte) => new Uint8Array(LEAF_BYTES).fill(byte))

async function add(store: Pick<OpenContentStore, 'put'>, leaves: readonly Uint8Array[]): Promise<CID> {
  return (await importFile(leaves, (cid, block) => store.put(cid, block))).cid
}

/** Which of a file's leaves are here, and whether its node is. */
async function presence(store: OpenContentStore, leaves: readonly Uint8Array[], root: CID): Promise<string> {
  const cids: CID[] = []
  await importFile(leaves, (cid) => void cids.push(cid))
  assert.ok(cids.at(-1)?.equals(root))
  const here = await Promise.all(cids.map((cid) => store.has(cid)))
  return here.map((isHere) => (isHere ? '+' : '-')).join('')
}

async function sweep(store: OpenContentStore, plan: Partial<SweepPlan>) {
  const gone: CID[] = []
  const swept = await store.retention.sweep({
    plan: async () => ({ drop: [], keep: [], isKept: NOTHING_KEPT, ...plan }),
    onGone: async (roots) => void gone.push(...roots),
    signal,
  })
  return { ...swept, gone }
}

// docs/reliability.md: fault 50.
describe('sweeping the blocks on the disk', () => {
  const [old, kept] = [fileOf(1, 2, 3), fileOf(1, 4, 5)]

  async function open(path: string) {
    const store = await createContentStore({ dir: path, node: null, log: nullLog })
    await store.start()
    return store
  }

  it('deletes what nothing that stays reaches: a leaf of both stays', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const [oldRoot, keptRoot] = [await add(store, old), await add(store, kept)]
    const before = store.retention.usage
    assert.equal(before.blocks, 7)
    const { blocks, bytes, gone } = await sweep(store, { drop: [oldRoot], keep: [keptRoot] })
    assert.equal(await presence(store, old, oldRoot), '+---')
    assert.equal(await presence(store, kept, keptRoot), '++++')
    assert.deepEqual(gone, [oldRoot])
    assert.equal(blocks, 3)
    assert.deepEqual(store.retention.usage, { blocks: before.blocks - blocks, bytes: before.bytes - bytes })
    await using again = await open(directory.path)
    assert.deepEqual(again.retention.usage, store.retention.usage, 'a new count of the files')
    const last = await sweep(store, { drop: [oldRoot, keptRoot] })
    assert.equal(last.gone.length, 2)
    assert.deepEqual(store.retention.usage, { blocks: 0, bytes: 0 })
  })

  it('leaves what stays by itself', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const root = await add(store, old)
    const [second] = (await listLeaves(root, store.get, { maxBytes: 4 * LEAF_BYTES })).leaves.slice(1)
    await sweep(store, { drop: [root], isKept: (cid) => second?.cid.equals(cid) === true })
    assert.equal(await presence(store, old, root), '-+--')
  })

  it('leaves what is pinned until the pin is gone, whatever else goes', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const [oldRoot, otherRoot] = [await add(store, old), await add(store, kept)]
    {
      using _ = store.retention.pin(oldRoot)
      const { gone } = await sweep(store, { drop: [otherRoot, oldRoot] })
      assert.deepEqual(gone, [])
      assert.equal(await presence(store, old, oldRoot), '++++')
    }
    const { gone } = await sweep(store, { drop: [oldRoot, otherRoot] })
    assert.equal(gone.length, 2)
    assert.equal(store.retention.usage.blocks, 0)
  })

  it('counts a pin that ended during the sweep, and one that began in the middle of it', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const [oldRoot, otherRoot] = [await add(store, old), await add(store, kept)]
    const early = store.retention.pin(oldRoot)
    await store.retention.sweep({
      plan: async () => {
        early[Symbol.dispose]()
        store.retention.pin(otherRoot)
        return { drop: [oldRoot, otherRoot], keep: [], isKept: NOTHING_KEPT }
      },
      onGone: async () => assert.fail('both are in use'),
      signal,
    })
    assert.equal(store.retention.usage.blocks, 7)
  })

  it('leaves what is stored for content that has no root yet, though it was here before', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const oldRoot = await add(store, old)
    {
      using _ = store.retention.pinStored()
      await add(store, [...old.slice(0, 2), new Uint8Array(LEAF_BYTES).fill(9)])
      const { gone } = await sweep(store, { drop: [oldRoot] })
      assert.deepEqual(gone, [])
      assert.equal(await presence(store, old, oldRoot), '++-+', 'the node stays above what stays')
    }
    await sweep(store, { drop: [oldRoot] })
    assert.equal(await presence(store, old, oldRoot), '----')
  })

  it('deletes nothing while it is held, and nothing below a node that somebody reads', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const oldRoot = await add(store, old)
    {
      using _ = store.retention.hold()
      assert.equal((await sweep(store, { drop: [oldRoot] })).blocks, 0)
    }
    const served = createServed()
    served.note(oldRoot, await store.get(oldRoot))
    assert.deepEqual(served.nodes, [oldRoot])
    const files = await openPackedBlocks(join(directory.path, 'packed'))
    const options = {
      plan: async () => ({ drop: [oldRoot], keep: [], isKept: NOTHING_KEPT }),
      onGone: async () => assert.fail('it is being read'),
      signal,
    }
    const sweeping = {
      ...{ local: looseBlocks(files), remove: files.delete, flush: files.flush },
      ...{ inUse: createInUse(), served: () => served.nodes, files: NO_FILES },
    }
    assert.equal((await sweepBlocks(sweeping, options)).blocks, 0)
  })

  it('forgets whom it serves after a while, and takes only a few', async () => {
    let now = 0
    const served = createServed(() => now)
    await using store = await createContentStore({ dir: null, node: null, log: nullLog })
    for (let byte = 0; byte < 18; byte++) {
      const root = await add(store, fileOf(byte, byte, 100 + byte))
      served.note(root, await store.get(root))
    }
    assert.equal(served.nodes.length, 16)
    // Three megabytes, a second each, and ten more.
    now = 13_000
    assert.equal(served.nodes.length, 16)
    now = 13_200
    assert.equal(served.nodes.length, 0)
  })

  it('deletes nothing when a node that stays is damaged: its leaves are not known', async () => {
    await using directory = await temporaryDirectory()
    await using store = await open(directory.path)
    const [oldRoot, keptRoot] = [await add(store, old), await add(store, kept)]
    await blocksIn(directory.path).rot(keptRoot)
    await assert.rejects(sweep(store, { drop: [oldRoot], keep: [keptRoot] }), (error) =>
      isColdmeshError(error, 'block-corrupt'),
    )
    assert.equal(await presence(store, old, oldRoot), '++++')
  })

  it('may end at any deletion: what stays is whole, and the next one finds all the rest', async () => {
    const files = 3
    for (let step = 0; step <= 3 * files; step++) {
      await using directory = await temporaryDirectory()
      await using store = await open(directory.path)
      const roots: CID[] = []
      for (let i = 0; i < files; i++) roots.push(await add(store, fileOf(1, 10 + i, 20 + i)))
      const keptRoot = await add(store, kept)
      const opened = await openPackedBlocks(join(directory.path, 'packed'))
      let left = step
      const crashed = sweepBlocks(
        {
          local: looseBlocks(opened),
          remove: async (cid) => {
            if (left-- === 0) throw new Error('killed')
            return await opened.delete(cid)
          },
          flush: opened.flush,
          inUse: createInUse(),
          served: () => [],
          files: NO_FILES,
        },
        { plan: async () => ({ drop: roots, keep: [keptRoot], isKept: NOTHING_KEPT }), onGone: async () => {}, signal },
      )
      if (step < 3 * files) await assert.rejects(crashed, /killed/)
      else await crashed
      await using again = await open(directory.path)
      assert.equal(await presence(again, kept, keptRoot), '++++')
      await sweep(again, { drop: roots, keep: [keptRoot] })
      assert.equal(again.retention.usage.blocks, 4, `after ${step} deletions`)
    }
  })
})
