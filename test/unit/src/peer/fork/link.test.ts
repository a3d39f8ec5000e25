import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { syncBasesRequest } from '../../../../../protocols/sync/messages.ts'
import { fakeClock } from '../../../../../src/adapters/memory/clock.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { openBase, withoutHistory } from '../../../../../src/checkpoint/base.ts'
import { createForkLink, type ForkLink } from '../../../../../src/peer/fork/link.ts'
import { answerSync, type SyncSource } from '../../../../../src/peer/sync/server.ts'
import type { Mesh } from '../../../../../src/ports/mesh.ts'
import type { Streams } from '../../../../../src/ports/streams.ts'
import { networkFacts } from '../../../../../src/rounds/network.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { memoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { precommitsBy } from '../../../../support/protocols/messages.ts'
import { testKeys, testNetwork } from '../../../../support/protocols/network.ts'

const home = temporaryDirectory()
let old: TestChain
let forkOf: CID
let certificate: Uint8Array
let fork: ReturnType<typeof networkFacts>

before(async () => {
  old = await addRound(await startChain())
  const newest = old.entries.at(-1) ?? assert.fail('a round')
  forkOf = newest.base
  certificate = newest.certificate
  old.store.blocks.set(String(old.net.network), old.net.bytes)
  const base = withoutHistory(await openBase(forkOf, old.store.get)).cid
  const { network, genesis } = testNetwork({ members: testKeys(3, 'survivor'), base, forkOf })
  fork = networkFacts(network, genesis)
})

/** What a peer that has the proof answers; a liar has one of its own making. */
function answering(proof: Uint8Array | null): (request: Uint8Array) => AsyncIterable<Uint8Array> {
  const source = {
    network: fork.id,
    store: old.store,
    log: nullLog,
    chain: () => [],
    genesisBase: () => fork.genesis.base,
    round: () => null,
    fork: () => proof && { network: old.net.network, round: 1, base: forkOf, certificate: proof },
  }
  const none = { missing: () => [] }
  return (request) =>
    answerSync(request, {
      ...source,
      reports: none,
      amendments: none,
      evidence: none,
      deltas: { of: () => null },
    } satisfies SyncSource)
}

/** A peer of the fork that knows its genesis alone, and these neighbours; what they have can be fetched from them. */
async function linkAmong(peers: ReadonlyMap<string, Uint8Array | null>, dataDir = home): Promise<ForkLink> {
  const store = memoryStore()
  const fetch = async (cid: CID) => {
    await store.put(cid, await old.store.get(cid))
    return { blocks: 1, bytes: 1 }
  }
  const streams: Pick<Streams, 'request'> = {
    request: ({ peer, request }) => answering(peers.get(peer) ?? null)(request),
  }
  const mesh: Pick<Mesh, 'peers' | 'onChange'> = {
    peers: () => [...peers.keys()].map((id) => ({ id, addresses: [], score: 0 })),
    onChange: () => () => {},
  }
  const done = Promise.withResolvers<void>()
  const log = { ...nullLog, info: () => done.resolve(), warn: () => done.resolve() }
  const link = createForkLink(
    {
      dataDir,
      network: fork,
      store: { ...store, fetch },
      streams: { ...streams, serve: () => assert.fail('serves nothing') },
      mesh: {
        ...mesh,
        self: 'self',
        addresses: () => [],
        nextDial: () => null,
        connect: () => assert.fail('connects to nobody'),
      },
      clock: fakeClock(),
      log,
      signal: new AbortController().signal,
    },
    null,
  )
  link.start()
  await done.promise
  return link
}

describe('a fork’s link', () => {
  it('is fetched from a peer that has it, kept, and given on', async () => {
    const link = await linkAmong(new Map([['honest', certificate]]))
    assert.equal(link.status?.state, 'verified', link.status?.reason ?? '')
    assert.deepEqual(link.proof, { network: old.net.network, round: 1, base: forkOf, certificate })
    assert.deepEqual(new Uint8Array(await readFile(join(home, 'fork.certificate.cbor'))), certificate)
  })

  // A liar among the peers: what it says is not believed, and does not make a true claim look false.
  it('is not made to look false by a peer that lies', async () => {
    const vote = { network: old.net.network, round: 1, view: 0, base: forkOf }
    const lie = certify(precommitsBy(testKeys(3, 'survivor'), vote), 3)
    const alone = await linkAmong(new Map([['liar', lie]]), join(home, 'nowhere'))
    assert.deepEqual([alone.status?.state, alone.proof], ['unchecked', null])
    const both = await linkAmong(
      new Map([
        ['liar', lie],
        ['silent', null],
        ['honest', certificate],
      ]),
    )
    assert.equal(both.status?.state, 'verified')
  })

  it('is answered for that one round alone', async () => {
    const ask = async (network: CID, from: number) =>
      (await Array.fromAsync(answering(certificate)(syncBasesRequest.encode({ network, from, to: from + 5 })))).length
    assert.equal(await ask(old.net.network, 1), 1)
    assert.equal(await ask(old.net.network, 2), 0)
    assert.equal(await ask(testNetwork({ name: 'third' }).network, 1), 0)
  })
})
