import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { syncBase } from '../../../protocols/sync/messages.ts'
import { readChain } from '../../../src/peer/chain.ts'
import { createPeer } from '../../../src/peer/create-peer.ts'
import { initDataDir } from '../../../src/peer/data-dir.ts'
import type { Peer, PeerEvent } from '../../../src/peer/types.ts'
import type { Log } from '../../../src/ports/system.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { type ChainServer, type ServerOptions, startChainServer } from '../../support/history/chain-server.ts'
import { longChain, writeDataDir } from '../../support/history/long-chain.ts'
import { testKey } from '../../support/protocols/network.ts'

const ROUNDS = 200
const DEADLINE_MS = 60_000
/** Rounds of a page. */
const PAGE = 64

describe('catching up', () => {
  let chain: TestChain
  let dir: string
  const open = new AsyncDisposableStack()
  let made = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'coldmesh-catch-up-'))
    chain = await longChain(ROUNDS + 3)
  })
  after(async () => {
    await open.disposeAsync()
    await rm(dir, { recursive: true, force: true })
  })

  const serve = async (options: ServerOptions = {}): Promise<ChainServer> =>
    open.use(await startChainServer(chain, options))

  /** A peer that knows these servers, with what it logged about failing peers. */
  async function start(servers: readonly ChainServer[], options: { readonly has?: number } = {}) {
    const dataDir = join(dir, `peer-${made++}`)
    if (options.has === undefined) await initDataDir(dataDir)
    else await writeDataDir(dataDir, chain, { key: testKey(dataDir), rounds: options.has })
    const failures = new Map<string, string>()
    const failed = new Map(servers.map(({ peerId }) => [peerId, Promise.withResolvers<void>()]))
    const log: Log = {
      ...{ debug: () => {}, warn: () => {}, error: () => {}, child: () => log },
      info: (event, fields = {}) => {
        if (event !== 'sync-failed') return
        failures.set(String(fields['peer']), String(fields['error']))
        failed.get(String(fields['peer']))?.resolve()
      },
    }
    const peer = await createPeer({
      dataDir,
      network: servers[0]?.invite ?? String(chain.net.network),
      peers: servers.slice(1).map(({ address }) => address),
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, dht: false, checkStoreMs: 0, log },
    })
    open.use(peer)
    const haveFailed = (...these: readonly ChainServer[]) =>
      Promise.all(these.map(({ peerId }) => failed.get(peerId)?.promise))
    return { peer, dataDir, failures, haveFailed }
  }

  async function roundsOf(dataDir: string): Promise<readonly string[]> {
    return (await readChain(join(dataDir, 'chain'))).entries.map(({ base }) => String(base))
  }

  const bases = (rounds: number) => chain.entries.slice(0, rounds).map(({ base }) => String(base))

  // docs/reliability.md: fault 82, and 41 as far as 200 rounds go.
  it('brings a newcomer through 200 rounds, page by page, and says where it is, of how many, from whom and how fast', async () => {
    const server = await serve({ rounds: ROUNDS })
    const { peer, dataDir } = await start([server])
    const seen = await until(peer, ({ type }) => type === 'synced')
    assert.deepEqual(await roundsOf(dataDir), bases(ROUNDS))
    assert.deepEqual(server.asked, [1, 1 + PAGE, 1 + 2 * PAGE, 1 + 3 * PAGE])
    const pages = seen.flatMap((event) => (event.type === 'catching-up' ? [event] : []))
    assert.deepEqual(
      pages.map(({ round, of, peer: from }) => [round, of, from]),
      [PAGE, 2 * PAGE, 3 * PAGE, ROUNDS].map((round) => [round, ROUNDS, server.peerId]),
    )
    assert.ok(pages.every(({ roundsPerSecond }) => roundsPerSecond > 0))
    assert.equal(peer.status().catchUp, null)
    assert.equal(peer.status().round, ROUNDS + 1)
    const report = await peer.verify(String(chain.entries[ROUNDS - 1]?.base), { level: 'signatures' })
    assert.deepEqual([report.valid, report.rounds.length, report.failures], [true, ROUNDS, []])
  })

  // fault 82: 50 rounds behind, while the network goes on.
  it('brings a peer at round 3 to the head, also when the network certifies new rounds meanwhile', async () => {
    let growing: Promise<void> | null = null
    const server: ChainServer = await serve({
      rounds: 3 + PAGE,
      bases: async function* (frames) {
        growing ??= server.grow(3 + PAGE + 3)
        await growing
        yield* frames
      },
    })
    const { peer, dataDir } = await start([server], { has: 3 })
    await until(peer, ({ type }) => type === 'synced')
    assert.deepEqual(await roundsOf(dataDir), bases(3 + PAGE + 3))
    assert.deepEqual(server.asked, [4, 4 + PAGE])
  })

  it('refuses a tampered certificate at round 57 by name, keeps the 56 before it, and goes on with another peer', async () => {
    const { promise: refused, resolve: onRefused } = Promise.withResolvers<void>()
    const liar = await serve({ rounds: 70, bases: (frames) => tamperWith(57, frames) })
    const honest = await serve({ rounds: 70, until: refused })
    const { peer, dataDir, failures, haveFailed } = await start([liar, honest])
    await haveFailed(liar)
    assert.match(String(failures.get(liar.peerId)), /The base of round 57 .* does not hold: certificate-bad-signature/)
    assert.deepEqual(await roundsOf(dataDir), bases(56))
    onRefused()
    await until(peer, ({ type }) => type === 'synced')
    assert.deepEqual([honest.asked, liar.asked], [[57], [1]], 'nothing is asked for twice')
    assert.deepEqual(await roundsOf(dataDir), bases(70))
  })

  it('goes on with another neighbour from where one stopped giving', async () => {
    const { promise: stopped, resolve: onStopped } = Promise.withResolvers<void>()
    const tired = await serve({ rounds: 70, bases: (frames) => first(20, frames, onStopped) })
    const other = await serve({ rounds: 70, until: stopped })
    const { peer, dataDir } = await start([tired, other])
    await until(peer, ({ type }) => type === 'synced')
    assert.deepEqual(await roundsOf(dataDir), bases(70))
    assert.deepEqual(other.asked, [21])
  })

  // fault 40: an index that is forged (the same base again under the next number) ends the walk where it is.
  it('believes no peer that says it is at round 1,000,000,000, and none whose chain repeats a round: one page each', async () => {
    const { promise: judged, resolve: onJudged } = Promise.withResolvers<void>()
    const boaster = await serve({ rounds: 10, claims: 1_000_000_000 })
    const circular = await serve({ rounds: 12, bases: (frames) => repeatFrom(11, frames) })
    const honest = await serve({ rounds: 14, until: judged })
    const { peer, dataDir, failures, haveFailed } = await start([boaster, circular, honest])
    const caughtUp = until(peer, (event) => event.type === 'synced' && event.round === 14)
    await haveFailed(boaster, circular)
    onJudged()
    await caughtUp
    assert.match(String(failures.get(boaster.peerId)), /does not give the bases that it says it has/)
    assert.match(String(failures.get(circular.peerId)), /round 1[12] .* does not hold: certificate-wrong-round/)
    assert.ok(boaster.asked.length <= 2 && circular.asked.length <= 1, `${boaster.asked} and ${circular.asked}`)
    assert.deepEqual(await roundsOf(dataDir), bases(14))
  })
})

/** The events up to one that fits. */
async function until(peer: Peer, fits: (event: PeerEvent) => boolean): Promise<PeerEvent[]> {
  const seen: PeerEvent[] = []
  for await (const event of peer.events({ signal: AbortSignal.timeout(DEADLINE_MS) })) {
    seen.push(event)
    if (fits(event)) return seen
  }
  throw new Error(`deadline; seen: ${seen.map(({ type }) => type).join(', ')}`)
}

/** Flips a bit in a signature of one round's certificate. */
async function* tamperWith(round: number, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const frame of frames) {
    const base = syncBase.decode(frame)
    if (base.round !== round) {
      yield frame
      continue
    }
    const certificate = Uint8Array.from(base.certificate)
    certificate[certificate.length - 1] = (certificate.at(-1) ?? 0) ^ 1
    yield syncBase.encode({ ...base, certificate })
  }
}

/** Breaks the stream off after so many frames. */
async function* first(
  count: number,
  frames: AsyncIterable<Uint8Array>,
  onOver: () => void,
): AsyncGenerator<Uint8Array> {
  let given = 0
  for await (const frame of frames) {
    if (given++ === count) {
      onOver()
      throw new Error('no more')
    }
    yield frame
  }
}

/** From `round` on, the base before it again and again under new numbers. */
async function* repeatFrom(round: number, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before: Uint8Array | null = null
  for await (const frame of frames) {
    const base = syncBase.decode(frame)
    if (base.round >= round && before !== null) {
      yield syncBase.encode({ ...syncBase.decode(before), round: base.round })
      continue
    }
    before = frame
    yield frame
  }
}
