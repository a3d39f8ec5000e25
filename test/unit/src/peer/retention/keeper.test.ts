import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { memoryJournal } from '../../../../../src/adapters/memory/journal.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../../../src/adapters/system/clock.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { createEmitter } from '../../../../../src/peer/emitter.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { createKeeper, requireEnoughRounds } from '../../../../../src/peer/retention/keeper.ts'
import { neededWeights } from '../../../../../src/peer/retention/needed-weights.ts'
import { openWeightsBook } from '../../../../../src/peer/retention/weights-book.ts'
import type { KeepRounds } from '../../../../../src/peer/retention/window.ts'
import { createContentStore } from '../../../../../src/peer/store/content-store.ts'
import { isWhole } from '../../../../../src/peer/store/is-whole.ts'
import { placesOf } from '../../../../../src/peer/store/places.ts'
import { createTroubles } from '../../../../../src/peer/troubles.ts'
import type { PeerEvent } from '../../../../../src/peer/types.ts'
import { ColdmeshError, isColdmeshError } from '../../../../../src/ports/errors.ts'
import type { Journal } from '../../../../../src/ports/system.ts'
import type { Head } from '../../../../../src/rounds/state.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes } from '../../../../support/history/checkpoints.ts'
import { TEST_ROUND_POLICY } from '../../../../support/protocols/network.ts'

const KEPT = 2
const ROUNDS = 4

/** Every round has checkpoints of its own. */
async function chainOf(rounds: number): Promise<{ chain: TestChain; heads: readonly Head[] }> {
  let chain = await startChain('kept', { round: { ...TEST_ROUND_POLICY, minContributions: 2, keepRounds: KEPT } })
  const heads = [chain.head]
  for (let round = 1; round <= rounds; round++) {
    chain = await addRound(chain, { seeds: [10 * round + 1, 10 * round + 2] })
    heads.push(chain.head)
  }
  return { chain, heads }
}

/** A keeper on a data directory's blocks, with all blocks of a chain on the disk. */
async function keeperOf(
  { chain, path }: { readonly chain: TestChain; readonly path: string },
  options: { readonly keepRounds?: KeepRounds; readonly journal?: Journal; readonly pinned?: readonly CID[] } = {},
) {
  const store = await createContentStore({ dir: path, node: null, log: nullLog })
  for (const [cid, block] of chain.store.blocks) await store.put(CID.parse(cid), block)
  await store.start()
  const events = createEmitter<PeerEvent>()
  const told: PeerEvent[] = []
  events.on((event) => told.push(event))
  const troubles = createTroubles({ events, clock: systemClock, log: nullLog })
  const stopped = new AbortController()
  const { pin, pinStored, hold, sweep } = store.retention
  const retention = {
    ...{ pin, pinStored, hold, sweep },
    get usage() {
      return store.retention.usage
    },
    get disk() {
      return store.retention.disk
    },
  }
  const keeper = createKeeper({
    context: {
      ...{ network: chain.network, chain, store, clock: systemClock, log: nullLog, events, troubles },
      signal: stopped.signal,
    },
    retention,
    book: openWeightsBook(options.journal ?? memoryJournal()),
    pinned: options.pinned ?? [],
    keepRounds: options.keepRounds ?? 'network',
    onDropped: async () => {},
  })
  return {
    ...{ store, keeper, told, troubles, retention },
    enter: async (head: Head | undefined) => {
      assert.ok(head)
      keeper.enter(head)
      await keeper.settled()
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      await store.stop()
    },
  }
}

/** Per round: whether the base's weights are whole, and its inputs. */
async function kept(chain: TestChain, store: TestChain['store'] | Awaited<ReturnType<typeof createContentStore>>) {
  const source = { network: chain.network.id, chain, store }
  return await Promise.all(
    chain.entries.map(async ({ round, base }) => {
      const { weights } = await openBase(base, (cid) => store.get(cid))
      const inputs = (await neededWeights(source, { from: round, to: round })).filter((needed) => {
        return needed.round === round && !needed.weights.equals(weights.cid)
      })
      const here = await Promise.all(inputs.map((input) => store.has(input.weights)))
      return [await isWhole(store, base), here.length > 0 && here.every(Boolean)]
    }),
  )
}

// docs/reliability.md: fault 50.
describe('the keeper', () => {
  it('drops weights of rounds that are kept no longer, and never a record, the head or the genesis', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    await using peer = await keeperOf({ chain, path: directory.path })
    await peer.enter(heads[ROUNDS])
    assert.deepEqual(await kept(chain, peer.store), [
      [false, false],
      [true, false],
      [true, true],
      [true, true],
    ])
    assert.ok(await isWhole(peer.store, chain.network.genesis.base))
    const dropped = peer.told.find(({ type }) => type === 'dropped')
    assert.ok(dropped?.type === 'dropped')
    assert.deepEqual([dropped.fromRound, dropped.toRound], [1, 2])
    const before = [...chain.store.blocks.values()].reduce((sum, { length }) => sum + length, 0)
    const { blocks, bytes, keepRounds, dropped: last } = peer.keeper.status
    assert.deepEqual([blocks + dropped.blocks, bytes + dropped.bytes], [chain.store.blocks.size, before])
    assert.deepEqual([keepRounds, last?.bytes], [KEPT, dropped.bytes])

    const { network, store } = { ...chain, store: peer.store }
    const { base, certificate } = chain.head
    const full = await verifyBase({ network, store, base, certificate, level: 'full' })
    assert.deepEqual(
      full.rounds.map(({ fusion }) => fusion),
      ['reproduced', 'reproduced', 'unavailable', 'unavailable'],
    )
    assert.ok(full.failures.every(({ round, reason }) => round <= ROUNDS - KEPT && /block-missing/.test(reason)))
    const signatures = await verifyBase({ network, store, base, certificate, level: 'signatures' })
    assert.ok(signatures.valid)
  })

  it('goes on from round to round, also after a restart', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    const journal = memoryJournal()
    {
      await using peer = await keeperOf({ chain, path: directory.path }, { journal })
      for (const head of heads.slice(0, ROUNDS)) await peer.enter(head)
      assert.deepEqual((await kept(chain, peer.store))[0], [true, false])
    }
    const nothingNew = { ...chain, store: { ...chain.store, blocks: new Map() } }
    await using peer = await keeperOf({ chain: nothingNew, path: directory.path }, { journal })
    await peer.enter(heads[ROUNDS])
    assert.deepEqual((await kept(chain, peer.store)).slice(0, 2), [
      [false, false],
      [true, false],
    ])
  })

  it('drops a contribution that no round can take any more, and keeps one that the next round may take', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(2)
    await using peer = await keeperOf({ chain, path: directory.path })
    const [unused, offered] = [
      await importBytes(checkpointBytes(91), peer.store),
      await importBytes(checkpointBytes(92), peer.store),
    ]
    await peer.keeper.keeping.note(2, unused)
    await peer.keeper.keeping.note(3, offered)
    await peer.enter(heads[2])
    assert.deepEqual([await peer.store.has(unused), await peer.store.has(offered)], [false, true])
  })

  it('deletes no record that somebody offered as weights', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    await using peer = await keeperOf({ chain, path: directory.path })
    await peer.enter(heads[1])
    const records: CID[] = [chain.network.genesis.base]
    for (const { base } of chain.entries) {
      const { card, lineage, shared } = await openBase(base, (cid) => peer.store.get(cid))
      assert.ok(card && lineage)
      records.push(base, card, lineage, ...shared.map(({ cid }) => cid))
    }
    for (const cid of records) await peer.keeper.keeping.note(1, cid)
    await peer.enter(heads[ROUNDS])
    for (const cid of records) assert.ok(await peer.store.has(cid), String(cid))
    assert.deepEqual((await kept(chain, peer.store))[0], [false, false])
  })

  it('leaves what a user put there', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    const [first] = chain.entries
    assert.ok(first)
    await using peer = await keeperOf({ chain, path: directory.path }, { pinned: [first.base] })
    await peer.enter(heads[ROUNDS])
    assert.deepEqual((await kept(chain, peer.store))[0], [true, false])
  })

  it('deletes nothing for who keeps all, and all that is too old once he no longer does', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    const journal = memoryJournal()
    {
      await using peer = await keeperOf({ chain, path: directory.path }, { journal, keepRounds: 'all' })
      for (const head of heads) await peer.enter(head)
      assert.equal(peer.keeper.status.keepRounds, 'all')
      assert.equal(peer.keeper.status.blocks, chain.store.blocks.size)
    }
    await using peer = await keeperOf({ chain, path: directory.path }, { journal })
    await peer.enter(heads[ROUNDS])
    assert.deepEqual((await kept(chain, peer.store))[0], [false, false])
  })

  it('has nothing of what it drops mended, at any moment', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    await using peer = await keeperOf({ chain, path: directory.path })
    const namesOf = async () => {
      const { network, store, keeper } = { ...peer, network: chain.network }
      const places = await Array.fromAsync(placesOf({ network, chain, store, keeping: keeper.keeping }))
      return new Set(places.map(({ name }) => name.replace(/contribution \w+/, 'contribution')))
    }
    assert.ok((await namesOf()).has('the checkpoint of contribution to round 1'))
    peer.keeper.enter(heads[ROUNDS] ?? chain.head)
    // Nothing is deleted yet.
    const names = await namesOf()
    await peer.keeper.settled()
    for (const name of ['model.safetensors of round 1', 'the checkpoint of contribution to round 2']) {
      assert.ok(!names.has(name), name)
    }
    for (const name of ['lineage.cbor of round 1', 'the checkpoint of contribution to round 3']) {
      assert.ok(names.has(name), name)
    }
  })

  it('says that the disk refuses, and goes on when it no longer does', async () => {
    await using directory = await temporaryDirectory()
    const { chain, heads } = await chainOf(ROUNDS)
    await using peer = await keeperOf({ chain, path: directory.path })
    const { sweep } = peer.retention
    peer.retention.sweep = async () => {
      throw new ColdmeshError('refused', 'Could not delete a block (EROFS).', { hint: 'Mend the disk.' })
    }
    await peer.enter(heads[ROUNDS])
    assert.deepEqual(
      peer.troubles.current.map(({ what, hint }) => [what, hint]),
      [['sweep', 'Mend the disk.']],
    )
    peer.retention.sweep = sweep
    await peer.enter(heads[ROUNDS])
    assert.deepEqual(peer.troubles.current, [])
    assert.deepEqual((await kept(chain, peer.store))[0], [false, false])
  })

  it('keeps the older weights that a late input of a kept round was trained from', async () => {
    const round = { ...TEST_ROUND_POLICY, minContributions: 2, maxStaleness: 2, historyRounds: 4, keepRounds: 4 }
    let chain = await startChain('late', { round })
    for (const seed of [1, 2, 3]) chain = await addRound(chain, { seeds: [10 * seed, 10 * seed + 1] })
    chain = await addRound(chain, { seeds: [41, 42], late: [{ seed: 43, parent: 2 }] })
    const needed = await neededWeights({ network: chain.network.id, chain, store: chain.store }, { from: 4, to: 4 })
    const parent = await openBase(chain.entries[1]?.base ?? chain.network.genesis.base, chain.store.get)
    assert.deepEqual(needed.map((entry) => entry.round).sort(), [2, 3, 4, 4, 4, 4])
    assert.ok(needed.some(({ weights }) => weights.equals(parent.weights.cid)))
  })

  it('refuses to keep fewer rounds than the network asks for', async () => {
    const { chain } = await chainOf(0)
    for (const rounds of [KEPT, KEPT + 1, 'all', 'network'] as const) requireEnoughRounds(chain.head, rounds)
    assert.throws(
      () => requireEnoughRounds(chain.head, KEPT - 1),
      (error) => isColdmeshError(error, 'bad-input') && /keepRounds/.test(error.hint ?? ''),
    )
  })
})
