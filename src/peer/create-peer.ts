import { existsSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { maxTopicBytes, TOPICS, topicOf } from '../../protocols/registry.ts'
import { SYNC_PROTOCOL } from '../../protocols/sync/messages.ts'
import { openDatastore } from '../adapters/files/datastore.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { readKey } from '../adapters/files/key-file.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { tolerantDatastore } from '../adapters/files/tolerant-datastore.ts'
import { createFusionEngine } from '../adapters/fusion/engine.ts'
import { peerIdOf } from '../adapters/libp2p/peer-ids.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Log } from '../ports/system.ts'
import { openAmendments } from './amendments/open.ts'
import { readBaseFacts } from './builder.ts'
import { openChain } from './chain.ts'
import { requireSameNetwork } from './chain-network.ts'
import { chooseNetwork, remember } from './choose-network.ts'
import type { PeerContext } from './context.ts'
import { initDataDir, paths, requireConfig, sweepDataDir } from './data-dir.ts'
import { createDeltaBook } from './deltas/book.ts'
import { openDispensable } from './dispensable-file.ts'
import { createEmitter } from './emitter.ts'
import { openEvidence } from './evidence.ts'
import { findHead, findNetwork } from './find-network.ts'
import { createForkLink } from './fork/link.ts'
import { readForkCertificate } from './fork/record.ts'
import { createGate } from './gate/gate.ts'
import { requireKeyMatches } from './key-check.ts'
import { openMismatches } from './mismatches.ts'
import { openOwnVoucher } from './own-voucher.ts'
import { createFacade } from './peer.ts'
import { readInvitedVoucher } from './permission.ts'
import { createReports } from './reports/reports.ts'
import { createRoundOf } from './reports/round-of.ts'
import { createBackfill } from './retention/backfill.ts'
import { createKeeper, requireEnoughRounds } from './retention/keeper.ts'
import { readPinned } from './retention/pinned-file.ts'
import { openWeightsBook } from './retention/weights-book.ts'
import { isOfRound } from './round/is-of-round.ts'
import { createRoundLoop } from './round/loop.ts'
import { openSilence } from './silence.ts'
import { createSpeaker } from './speaker.ts'
import { openSplits } from './splits.ts'
import { startingStatus } from './starting-status.ts'
import { createContentStore } from './store/content-store.ts'
import { gatewaySettings } from './store/gateway-settings.ts'
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
import { createWaits } from './waits.ts'

const DEFAULT_JOIN_TIMEOUT_MS = 60_000
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
  await requireKeyMatches(paths.key(dataDir), signer.key)
  const config = await requireConfig(dataDir)
  const { network: networkId, addresses, voucher: invited } = chooseNetwork(options.network, config)
  if (invited !== undefined) readInvitedVoucher(invited, networkId, signer.key)
  const given = [...addresses, ...(options.peers ?? [])]

  const journal = await openJournal(paths.journal(dataDir))
  cleanup.defer(() => journal.close())
  const datastore = tolerantDatastore(
    await openDatastore(paths.datastore(dataDir), log.child('libp2p')),
    paths.datastore(dataDir),
    log.child('libp2p'),
  )
  cleanup.defer(() => datastore.close())
  const listen = options.listen ?? (config.listen.length > 0 ? config.listen : DEFAULT_LISTEN)
  // Most commands need none.
  const { createNode } = await import('../adapters/libp2p/node.ts')
  const node = await createNode({
    seed,
    listen,
    ...(options.announce === undefined ? {} : { announce: options.announce }),
    datastore,
    network: String(networkId),
    topics: TOPICS.map((name) => topicOf(String(networkId), name)),
    topicBytes: new Map(TOPICS.map((name) => [topicOf(String(networkId), name), maxTopicBytes(name)])),
    bootstrap: [...given, ...config.peers],
    mdns: options.mdns ?? true,
    dht: options.dht ?? true,
    clock: systemClock,
    log: log.child('libp2p'),
  })
  cleanup.defer(() => node.stop())
  let isUrgent = (_root: CID): boolean => false
  const blocks = await createContentStore({
    ...{ dir: paths.blocks(dataDir), ipfs: options.ipfs, node, log: log.child('store') },
    diskBudget: options.diskBudget,
    gateway: gatewaySettings(options, listen),
    isUrgent: (root) => isUrgent(root),
  })
  cleanup.defer(() => blocks.stop())
  const chain = await openChain(paths.chain(dataDir), blocks)
  cleanup.defer(() => chain.close())
  requireSameNetwork(networkId, chain)
  const events = createEmitter<PeerEvent>()
  const troubles = createTroubles({ events, clock: systemClock, log })
  const waits = createWaits({ events, clock: systemClock, log: log.child('waits') })
  if (chain.mended !== null)
    troubles.report('chain', new ColdmeshError('refused', chain.mended, { hint: 'Check the disk.' }))
  let places: PlacesOptions | null = null
  const store = createRepairingStore({
    store: blocks,
    troubles,
    waits,
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

  const { mesh } = node
  const { key } = signer
  options.onStarting?.({
    status: () => startingStatus({ network: networkId, config, key, mesh, blocks, waits, troubles }),
  })
  const start = {
    ...{ store, mesh, waits, clock: systemClock, providers: given, signal: options.signal },
    timeoutMs: options.joinTimeoutMs ?? DEFAULT_JOIN_TIMEOUT_MS,
  }
  const network = await findNetwork(networkId, start)
  const facts = await readBaseFacts(network, store)
  await remember(dataDir, config, networkId, given)

  const stopped = new AbortController()
  const weightsFile = await openDispensable(paths.weights(dataDir), 'weights', log)
  cleanup.defer(() => weightsFile.close())
  const pinned = await readPinned(dataDir, log)
  const keepRounds = options.keepRounds ?? 'network'
  const keeper = createKeeper({
    context: { network, chain, store, clock: systemClock, log, events, troubles, signal: stopped.signal },
    retention: blocks.retention,
    book: openWeightsBook(weightsFile),
    pinned,
    keepRounds,
    onDropped: store.forgetDropped,
  })
  const { keeping } = keeper
  places = { network, chain, store: blocks, keeping }
  const { at: termsAt, known: factsAt } = createTermsBook(network, chain)
  const engine = cleanup.use(createFusionEngine())
  const context: PeerContext = {
    ...{ dataDir, key: signer.key },
    ...{ network, termsAt, factsAt, facts, store, files: blocks.files, engine, chain, keeping },
    ...{ gossip: node.gossip, streams: node.streams, mesh, sync: createSyncClient(node.streams, networkId) },
    ...{ deltas: createDeltaBook(), deltaMode: options.delta ?? 'auto' },
    ...{ clock: systemClock, log: log.child('round'), events, troubles, waits, peerIdOf, signal: stopped.signal },
    speaker: createSpeaker({ network: networkId, signer, journal }),
  }
  const fork = createForkLink(context, (await Array.fromAsync(readForkCertificate(dataDir)))[0] ?? null)
  const head = await findHead(network, facts, chain, start)
  requireEnoughRounds(head, keepRounds)
  const evidence = await openEvidence({
    ...context,
    network: networkId,
    note: (refusal) => loop.inbox.note(refusal),
    log: log.child('evidence'),
  })
  cleanup.defer(() => evidence.close())
  const voucher = await openOwnVoucher(dataDir)
  const current = { network: head.regime.current, round: head.round + 1, key: signer.key }
  if (invited !== undefined) await voucher.take(invited, current)
  const silence = await openSilence({ ...context, head, isJournalNew, log })
  const { promise: compared, resolve: onCompared } = Promise.withResolvers<void>()
  // A key that never spoke has nothing to compare.
  if (journal.records.length === 0 && chain.entries.length === 0) onCompared()
  const gate = options.gateData === undefined ? null : createGate({ context, data: options.gateData })
  const splits = await openSplits({ ...context, evidence })
  const mismatches = await openMismatches(context)
  const backfill = createBackfill({ context, state: () => loop.state, disk: () => blocks.retention.disk })
  const onRound = () => {
    amendments.enterRound()
    keeper.enter(loop.state.head)
    backfill.enter()
  }
  const loop = createRoundLoop({
    context,
    head,
    evidence,
    splits,
    mismatches,
    gate,
    silence,
    compared,
    onRound,
  })
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
  isUrgent = (root) => isOfRound(root, loop.state)
  answer = (request) =>
    answerSync(request, {
      network: networkId,
      store,
      log,
      chain: () => chain.entries,
      genesisBase: () => network.genesis.base,
      round: () => loop.state,
      reports,
      evidence,
      deltas: context.deltas,
      fork: () => fork.proof,
      amendments,
    })
  for (const topic of ['contributions', 'votes'] as const) {
    node.gossip.subscribe(topicOf(String(networkId), topic), ({ bytes }) => loop.receive(topic, bytes))
  }
  node.gossip.subscribe(topicOf(String(networkId), 'reports'), ({ bytes }) => reports.receive(bytes))
  node.gossip.subscribe(topicOf(String(networkId), 'evidence'), ({ bytes }) => evidence.receive(bytes))
  node.gossip.subscribe(topicOf(String(networkId), 'amendments'), ({ bytes }) => amendments.receive(bytes))
  const resources = cleanup.move()
  return createFacade({
    context,
    loop,
    onCompared,
    fork,
    evidence,
    splits,
    mismatches,
    gate,
    reports,
    amendments,
    config,
    keeper,
    heads: openTaskHeads(dataDir, log),
    ...{ blocks, pinned },
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
      await reports.stop()
      await Promise.all([gate?.stop(), amendments.stop(), keeper.settled(), backfill.settled()])
      events.close()
      await resources.disposeAsync()
      await lock.release()
    },
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
