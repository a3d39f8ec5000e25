import { existsSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { TOPICS, topicOf } from '../../protocols/registry.ts'
import { SYNC_PROTOCOL } from '../../protocols/sync/messages.ts'
import { parseCid } from '../../protocols/wire/bytes.ts'
import { MAX_GENESIS_BYTES } from '../../protocols/wire/limits.ts'
import { openDatastore } from '../adapters/files/datastore.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { readKey } from '../adapters/files/key-file.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { tolerantDatastore } from '../adapters/files/tolerant-datastore.ts'
import { createContentStore } from '../adapters/helia/content-store.ts'
import { createNode, peerIdOf } from '../adapters/libp2p/node.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { ColdmeshError, isColdmeshError } from '../ports/errors.ts'
import type { Log } from '../ports/system.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { Head } from '../rounds/state.ts'
import { openAmendments } from './amendments/open.ts'
import { type BaseFacts, readBaseFacts } from './builder.ts'
import { openChain } from './chain.ts'
import { chooseNetwork, remember } from './choose-network.ts'
import type { PeerContext } from './context.ts'
import { initDataDir, paths, requireConfig, sweepDataDir } from './data-dir.ts'
import { openDispensable } from './dispensable-file.ts'
import { createEmitter } from './emitter.ts'
import { openEvidence } from './evidence.ts'
import { createForkLink } from './fork/link.ts'
import { readForkCertificate } from './fork/record.ts'
import { createGate } from './gate/gate.ts'
import { openGenesis } from './genesis.ts'
import { maxBaseBytes, readHead } from './heads.ts'
import { openOwnVoucher } from './own-voucher.ts'
import { createFacade } from './peer.ts'
import { readInvitedVoucher } from './permission.ts'
import { openProbation } from './probation.ts'
import { createReports } from './reports/reports.ts'
import { createRoundOf } from './reports/round-of.ts'
import { createRoundLoop } from './round/loop.ts'
import { createSpeaker } from './speaker.ts'
import { nameOfPlace, type PlacesOptions } from './store/places.ts'
import { createRepairingStore } from './store/repairing-store.ts'
import { DEFAULT_CHECK_STORE_MS } from './store/store-check.ts'
import { createSyncClient } from './sync/client.ts'
import { answerSync } from './sync/server.ts'
import { openTaskHeads } from './task-heads.ts'
import { createTermsBook } from './terms-book.ts'
import { openTrainingSnapshots } from './training-snapshots.ts'
import { createTroubles } from './troubles.ts'
import type { Peer, PeerEvent, PeerOptions } from './types.ts'

const DEFAULT_JOIN_TIMEOUT_MS = 60_000
const FETCH_TIMEOUT_MS = 10_000
const HEAD_RETRY_MS = 500
const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0']

/**
 * Opens a data directory, finds its network, and takes part until `stop()`.
 * @throws ColdmeshError `locked`, `refused`, `bad-input` (no or an unknown network), `not-valid`, `unreachable`, `aborted`
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const { dataDir } = options
  const log: Log = options.log ?? nullLog
  await using cleanup = new AsyncDisposableStack()
  await initDataDir(dataDir)
  const isJournalNew = !existsSync(paths.journal(dataDir))
  const lock = cleanup.use(await lockDirectory(dataDir))
  await sweepDataDir(dataDir)
  const seed = await readKey(paths.key(dataDir))
  const signer = createSigner(seed)
  const config = await requireConfig(dataDir)
  const { network: networkId, addresses, voucher: invited } = chooseNetwork(options.network, config)
  if (invited !== undefined) readInvitedVoucher(invited, networkId, signer.key)

  const journal = await openJournal(paths.journal(dataDir))
  cleanup.defer(() => journal.close())
  const chain = await openChain(paths.chain(dataDir))
  cleanup.defer(() => chain.close())
  const datastore = tolerantDatastore(
    await openDatastore(paths.datastore(dataDir)),
    paths.datastore(dataDir),
    log.child('libp2p'),
  )
  cleanup.defer(() => datastore.close())
  const listen = options.listen ?? (config.listen.length > 0 ? config.listen : DEFAULT_LISTEN)
  const node = await createNode({
    seed,
    listen,
    ...(options.announce === undefined ? {} : { announce: options.announce }),
    datastore,
    network: String(networkId),
    topics: TOPICS.map((name) => topicOf(String(networkId), name)),
    bootstrap: [...addresses, ...(options.peers ?? []), ...config.peers],
    mdns: options.mdns ?? true,
    dht: options.dht ?? true,
    clock: systemClock,
    log: log.child('libp2p'),
  })
  cleanup.defer(() => node.stop())
  const blocks = await createContentStore({ dir: paths.blocks(dataDir), node, log: log.child('store') })
  cleanup.defer(() => blocks.stop())
  const events = createEmitter<PeerEvent>()
  const troubles = createTroubles({ events, clock: systemClock, log })
  let places: PlacesOptions | null = null
  const store = createRepairingStore({
    store: blocks,
    troubles,
    events,
    clock: systemClock,
    log: log.child('store'),
    placeOf: async (cid) => (places === null ? 'the genesis' : await nameOfPlace(cid, places)),
  })
  // Answered by nothing until the round runs: a neighbour then asks again.
  let answer: (request: Uint8Array) => AsyncIterable<Uint8Array> = nothing
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes }) => answer(bytes))
  await node.start()
  await blocks.start()

  const network = await findNetwork(networkId)
  places = { network, chain, store: blocks }
  const facts = await readBaseFacts(network, store)
  await remember(dataDir, config, networkId, [...addresses, ...(options.peers ?? [])])

  const stopped = new AbortController()
  const context: PeerContext = {
    dataDir,
    key: signer.key,
    network,
    termsAt: createTermsBook(network, chain).at,
    facts,
    store,
    chain,
    speaker: createSpeaker({ network: networkId, signer, journal }),
    gossip: node.gossip,
    streams: node.streams,
    mesh: node.mesh,
    sync: createSyncClient(node.streams, networkId),
    clock: systemClock,
    log: log.child('round'),
    events,
    troubles,
    peerIdOf,
    signal: stopped.signal,
  }
  const fork = createForkLink(context, await readForkCertificate(dataDir))
  const head = await findHead(network, facts)
  const evidence = await openEvidence({ dataDir, network, clock: systemClock, log, events })
  cleanup.defer(() => evidence.close())
  const voucher = await openOwnVoucher(dataDir)
  const current = { network: head.regime.current, round: head.round + 1, key: signer.key }
  if (invited !== undefined) await voucher.take(invited, current)
  const muted = await openProbation({ dataDir, isJournalNew, head, isMember: head.regime.current.isMember(signer.key) })
  const gate = options.gateData === undefined ? null : createGate({ context, data: options.gateData })
  const loop = createRoundLoop({ context, head, evidence, gate, muted, onRound: () => amendments.enterRound() })
  const reportFile = await openDispensable(paths.reports(dataDir), 'reports', log)
  cleanup.defer(() => reportFile.close())
  const reports = createReports({
    network: networkId,
    roundOf: createRoundOf(network.genesis.base, chain),
    headRound: () => chain.entries.length,
    journal: reportFile,
    signer,
    gossip: node.gossip,
    sync: context.sync,
    note: (refusal) => loop.inbox.note(refusal),
    events,
    log: log.child('reports'),
    signal: stopped.signal,
  })
  const amendments = await openAmendments({ context, signer, loop })
  cleanup.defer(() => amendments.close())
  answer = (request) =>
    answerSync(request, {
      network: networkId,
      store,
      log,
      chain: () => chain.entries,
      genesisBase: () => network.genesis.base,
      round: () => loop.state,
      reports,
      fork: () => fork.proof,
      amendments,
    })
  for (const topic of ['contributions', 'votes'] as const) {
    node.gossip.subscribe(topicOf(String(networkId), topic), ({ bytes }) => loop.receive(topic, bytes))
  }
  node.gossip.subscribe(topicOf(String(networkId), 'reports'), ({ bytes }) => reports.receive(bytes))
  node.gossip.subscribe(topicOf(String(networkId), 'amendments'), ({ bytes }) => amendments.receive(bytes))
  const resources = cleanup.move()
  return createFacade({
    context,
    loop,
    fork,
    evidence,
    gate,
    reports,
    amendments,
    config,
    heads: openTaskHeads(dataDir, log),
    unansweredBy: blocks.unansweredBy,
    snapshots: openTrainingSnapshots({ dataDir, log, troubles }),
    store,
    checkStoreMs: options.checkStoreMs ?? DEFAULT_CHECK_STORE_MS,
    saltSecret: seed,
    signer,
    voucher,
    readInvite: (invite) => {
      const given = chooseNetwork(invite, { ...config, network: String(networkId) }).voucher
      if (given !== undefined) readInvitedVoucher(given, networkId, signer.key)
      return given ?? null
    },
    trainer: options.trainer ?? null,
    genesisBytes: await store.get(networkId),
    stop: async () => {
      stopped.abort()
      await loop.stop()
      await gate?.stop()
      await reports.stop()
      await amendments.stop()
      events.close()
      await resources.disposeAsync()
      await lock.release()
    },
  })

  /** The genesis and its base: from the store, else from whoever has them, within the deadline. */
  async function findNetwork(id: CID): Promise<NetworkFacts> {
    const deadline = systemClock.now() + (options.joinTimeoutMs ?? DEFAULT_JOIN_TIMEOUT_MS)
    const providers = [...addresses, ...(options.peers ?? [])]
    const limits = { providers, timeoutMs: FETCH_TIMEOUT_MS, ...(options.signal ? { signal: options.signal } : {}) }
    await retryUntil(deadline, () => store.fetch(id, { shape: 'block', maxBytes: MAX_GENESIS_BYTES, ...limits }))
    const found = openGenesis(id, await store.get(id))
    const base = { shape: 'directory', maxBytes: maxBaseBytes(found), ...limits } as const
    await retryUntil(deadline, () =>
      store.fetch(found.genesis.base, { ...base, timeoutMs: Math.max(FETCH_TIMEOUT_MS, deadline - systemClock.now()) }),
    )
    return found
  }

  /** The head's record, from the store; damaged blocks of it from whoever has them, within the deadline. */
  async function findHead(network: NetworkFacts, facts: BaseFacts): Promise<Head> {
    const deadline = systemClock.now() + (options.joinTimeoutMs ?? DEFAULT_JOIN_TIMEOUT_MS)
    for (;;) {
      try {
        return await readHead(network, facts, store, chain)
      } catch (error) {
        if (!isColdmeshError(error, 'block-missing') && !isColdmeshError(error, 'block-corrupt')) throw error
        if (systemClock.now() >= deadline || options.signal?.aborted === true) throw error
        const cid = parseCid(String(error.facts['cid']))
        await new Promise<void>((resolve) => systemClock.after(HEAD_RETRY_MS, resolve))
        if (cid !== null) await store.repair(cid).catch(() => {})
      }
    }
  }

  async function retryUntil(deadline: number, attempt: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await attempt()
        return
      } catch (error) {
        const isUnavailable =
          isColdmeshError(error) && ['block-missing', 'deadline', 'unreachable'].includes(error.code)
        if (!isUnavailable) throw error
        if (systemClock.now() < deadline) continue
        const peers = node.mesh.peers().length
        throw new ColdmeshError(
          'unreachable',
          `Nobody gave the genesis ${networkId} in time (${peers} peers connected).`,
          {
            cause: error,
            hint: 'Check that a member of the network is running and that its address in the invite can be reached; ask for a fresh invite.',
          },
        )
      }
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
