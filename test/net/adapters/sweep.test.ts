import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { importFile, LEAF_BYTES, listLeaves } from '../../../src/checkpoint/unixfs.ts'
import { MIB, type Party, party } from './party.ts'
import { addressOf, temporaryDirectory } from './support.ts'

const LEAVES = 12
const { signal } = new AbortController()

/** Half of its leaves are of every file, half its own. */
function* fileOf(byte: number): Generator<Uint8Array> {
  for (let i = 0; i < LEAVES; i++) yield new Uint8Array(LEAF_BYTES).fill(i % 2 === 0 ? 100 + i : byte + i)
}

const add = async ({ store }: Party, byte: number) => (await importFile(fileOf(byte), store.put)).cid

async function isWhole({ store }: Party, root: CID): Promise<boolean> {
  const { leaves } = await listLeaves(root, store.get, { maxBytes: LEAVES * MIB })
  return (await Promise.all(leaves.map(({ cid }) => store.has(cid)))).every(Boolean)
}

function sweep({ store }: Party, drop: readonly CID[], keep: readonly CID[] = []) {
  const plan = async () => ({ drop, keep, isKept: () => false })
  return store.retention.sweep({ plan, onGone: async () => {}, signal })
}

// docs/reliability.md: fault 50.
describe('a sweep during a download', () => {
  it('leaves every block of what is being fetched, those that were here before too; sweeps begin at every block', async () => {
    await using directory = await temporaryDirectory()
    await using giver = await party()
    await using taker = await party({ dir: join(directory.path, 'taker') })
    const old = await add(taker, 1)
    const wanted = await add(giver, 50)
    const sweeps: Promise<unknown>[] = []
    // The wanted file itself is among what goes: nothing but its being fetched keeps it.
    const onProgress = () => void sweeps.push(sweep(taker, [old, wanted]))
    onProgress()
    await taker.store.fetch(wanted, {
      ...{ shape: 'file', maxBytes: 2 * LEAVES * MIB, providers: [addressOf(giver.node)], timeoutMs: 60_000 },
      onProgress,
    })
    assert.ok(await isWhole(taker, wanted))
    using _ = taker.store.retention.pin(wanted)
    await Promise.all(sweeps)
    assert.ok(sweeps.length > LEAVES)
    assert.ok(await isWhole(taker, wanted), 'after the sweeps that began meanwhile')
    await sweep(taker, [old], [wanted])
    assert.equal(await taker.store.has(old), false)
    assert.ok(await isWhole(taker, wanted))
  })

  it('leaves what somebody else is downloading from here', async () => {
    await using directory = await temporaryDirectory()
    await using giver = await party({ dir: join(directory.path, 'giver') })
    await using taker = await party()
    const root = await add(giver, 1)
    const sweeps: Promise<unknown>[] = []
    await taker.store.fetch(root, {
      ...{ shape: 'file', maxBytes: 2 * LEAVES * MIB, providers: [addressOf(giver.node)], timeoutMs: 60_000 },
      onProgress: () => void sweeps.push(sweep(giver, [root])),
    })
    await Promise.all(sweeps)
    assert.ok(await isWhole(taker, root))
    assert.ok(await isWhole(giver, root))
  })
})
