import { CID } from 'multiformats/cid'
import { parseCid, toHex } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import type { Config } from '../adapters/config/config.ts'
import type { Signer } from '../ports/system.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { Amendments } from './amendments/amendments.ts'
import { describeTerms } from './amendments/change.ts'
import { createHeadArchive } from './archive/head.ts'
import { archivedCertificate } from './archive/kept.ts'
import type { PeerContext } from './context.ts'
import type { Evidence } from './evidence.ts'
import { evidenceStatus } from './evidence-report.ts'
import type { ForkLink } from './fork/link.ts'
import type { Gate } from './gate/gate.ts'
import { createHistory } from './history/history.ts'
import { addCar } from './import-car.ts'
import { startJoin } from './join.ts'
import type { Mismatches } from './mismatches.ts'
import type { OwnVoucher } from './own-voucher.ts'
import { permissionOf, requirePermission } from './permission.ts'
import type { Reports } from './reports/reports.ts'
import type { Keeper } from './retention/keeper.ts'
import type { RoundLoop } from './round/loop.ts'
import { createRepair } from './round/repair.ts'
import { contributionStatus, waitOf } from './round/reporter.ts'
import type { Splits } from './splits.ts'
import type { OpenContentStore } from './store/content-store.ts'
import { createLinkedTroubles } from './store/linked-troubles.ts'
import type { RepairingStore } from './store/repairing-store.ts'
import { startStoreCheck } from './store/store-check.ts'
import type { TaskHeads } from './task-heads.ts'
import type { TrainingSnapshots } from './training-snapshots.ts'
import type { Peer, PeerStatus } from './types.ts'
import { plainInvite, vouchFor } from './vouch.ts'

const MAX_SHOWN_REPORTS = 64
const MAX_EVIDENCE_SHOWN = 32

/** A running peer, out of its parts. */
export function createFacade(parts: {
  readonly context: PeerContext
  readonly loop: RoundLoop
  /** A neighbour was asked what it holds, or there was none to ask. */
  readonly onCompared: () => void
  readonly fork: ForkLink
  readonly evidence: Evidence
  readonly splits: Pick<Splits, 'status'>
  readonly mismatches: Pick<Mismatches, 'current'>
  readonly gate: Gate | null
  readonly reports: Reports
  readonly amendments: Amendments
  readonly config: Config
  readonly voucher: OwnVoucher
  /** Reads an invite to this network, for this key. @throws ColdmeshError `bad-input` */
  readonly readInvite: (invite: string) => Uint8Array | null
  readonly keeper: Pick<Keeper, 'status'>
  readonly heads: TaskHeads
  readonly blocks: Pick<OpenContentStore, 'unansweredBy' | 'gateway' | 'changedLinks' | 'files'>
  /** Of those that a user put here: what is added stays. */
  readonly pinned: CID[]
  readonly snapshots: TrainingSnapshots
  readonly store: RepairingStore
  readonly checkStoreMs: number
  readonly saltSecret: Uint8Array
  readonly signer: Signer
  readonly trainer: Trainer | null
  readonly genesisBytes: Uint8Array
  readonly stop: () => Promise<void>
}): Peer {
  const { context, loop } = parts
  const { network, mesh, events } = context
  const asking = () => {
    const { state } = loop
    return { network: state.network, round: state.round, key: context.key, voucher: parts.voucher.envelope }
  }
  const repair = createRepair(context, loop, async (peer) => {
    await parts.evidence.syncWith(peer)
    await parts.reports.syncWith(peer)
    await parts.amendments.syncWith(peer)
  })
  const history = createHistory({
    network: context.termsAt(1),
    genesisBytes: parts.genesisBytes,
    store: context.store,
    files: context.files,
    // rounds come first
    threads: 1,
    chain: context.chain,
    reports: parts.reports,
    evidence: parts.evidence.entries,
    fork: async (before) => (before === null ? parts.fork.status : await parts.fork.statusWith(before)),
    archived: (base) => archivedCertificate({ pinned: parts.pinned, store: context.store, network: network.id, base }),
  })
  const headArchive = createHeadArchive(context)
  let training: PeerStatus['training'] = null
  let ownTrainer: Promise<Trainer> | null = null
  let inUse: Trainer | null = parts.trainer
  let stopping: Promise<void> | null = null

  async function loadTrainer(): Promise<Trainer> {
    if (parts.trainer) return parts.trainer
    const { createTrainer } = await import('../engines/trainer.ts')
    return createTrainer()
  }

  async function trainer(): Promise<Trainer> {
    ownTrainer ??= loadTrainer()
    try {
      inUse = await ownTrainer
      return inUse
    } catch (error) {
      // What was missing may be there the next time.
      ownTrainer = null
      throw error
    }
  }

  function status(): PeerStatus {
    const { state } = loop
    const committee = state.network
    const isMember = committee.isMember(context.key)
    return {
      network: String(network.id),
      name: parts.config.name || committee.nameOf(context.key),
      key: toHex(context.key),
      peerId: mesh.self,
      member: isMember ? committee.nameOf(context.key) : null,
      muted: isMember ? loop.muted : null,
      round: state.round,
      view: Math.max(0, state.view),
      phase: repair.isSynced ? state.phase : 'syncing',
      base: String(state.head.base),
      archive: headArchive.root(state.head),
      aggregator: state.view < 0 ? null : committee.nameOf(aggregatorOf(state.rank, state.view)),
      multiaddrs: mesh.addresses(),
      peers: mesh.peers().length,
      gateway: parts.blocks.gateway,
      waitingFor: waitOf(state, context),
      waits: context.waits.current,
      catchUp: loop.catchUp,
      contributions: [...state.contributions.values()].map((entry) => contributionStatus(state.head, entry)),
      permission: permissionOf(asking()),
      fork: parts.fork.status,
      trainer: inUse === null ? null : { engine: inUse.name, device: inUse.device },
      training,
      refused: loop.inbox.refused,
      reports: { held: parts.reports.held, base: parts.reports.of(state.head.base).slice(0, MAX_SHOWN_REPORTS) },
      gate: gateStatus(),
      store: parts.keeper.status,
      troubles: context.troubles.current,
      split: parts.splits.status,
      mismatches: parts.mismatches.current,
      terms: describeTerms(committee),
      amendments: parts.amendments.status,
      evidence: evidenceStatus(parts.evidence.entries.slice(-MAX_EVIDENCE_SHOWN), network.id, context.factsAt),
    }
  }

  function gateStatus(): PeerStatus['gate'] {
    const terms = loop.state.network.terms.gate
    if (parts.gate === null || terms === null) return null
    const { data, rows, judgements } = parts.gate
    return { maxDrop: terms.maxDrop / 1_000_000_000, data, rows, judgements }
  }

  function memberOf(peerId: string): string | null {
    const { members, nameOf } = loop.state.network
    const key = members.find((member) => context.peerIdOf(member) === peerId)
    return key ? nameOf(key) : null
  }

  async function stop(): Promise<void> {
    stopping ??= (async () => {
      repair.stop()
      await parts.stop()
      if (!parts.trainer) await (await ownTrainer?.catch(() => null))?.stop()
    })()
    await stopping
  }

  const unwatch = mesh.onChange(({ peer, connected }) => {
    events.emit({ type: 'peer', peer, connected, peers: mesh.peers().length })
  })
  context.signal.addEventListener('abort', unwatch, { once: true })
  const enterRound = () => {
    void parts.snapshots.keepOnly(loop.state.round)
    headArchive.keep(loop.state.head)
  }
  events.on(({ type }) => {
    // The round is entered after this event.
    if (type === 'fused' || type === 'synced') queueMicrotask(enterRound)
  })
  enterRound()
  loop.start()
  parts.fork.start()
  repair.start()
  void repair.synced.then(parts.onCompared)
  const tellOfLinks = createLinkedTroubles(parts.blocks, context.troubles)
  void tellOfLinks().catch((error: unknown) => context.log.error('links-not-told', { error: String(error) }))
  startStoreCheck(context, {
    ...{ store: parts.store, everyMs: parts.checkStoreMs, synced: repair.synced },
    look: tellOfLinks,
  })

  return {
    ...history,
    verify: async (base, options) => {
      // Rounds go by while every one of them is fused again.
      using _ = context.keeping.hold()
      return await history.verify(base, options)
    },
    export: async (cid, options) => {
      const root = parseCid(cid)
      using _ = context.keeping.pin(...(root === null ? [] : [root]))
      return await history.export(cid, options)
    },
    exportArchive: async (base, options) => {
      // Rounds go by while it is written.
      using _ = context.keeping.hold()
      return await history.exportArchive(base, options)
    },
    network: String(network.id),
    key: toHex(context.key),
    status,
    peers: () =>
      mesh.peers().map(({ id, addresses, score }) => ({
        id,
        addresses,
        member: memberOf(id),
        score: Math.round(100 * score) / 100,
        unanswered: parts.blocks.unansweredBy(id),
      })),
    events: ({ signal } = {}) => events.iterate(signal),
    join: (options) =>
      startJoin(
        {
          ...context,
          loop,
          heads: parts.heads,
          snapshots: parts.snapshots,
          saltSecret: parts.saltSecret,
          synced: repair.synced,
          trainer,
          requirePermission: () => requirePermission(asking()),
          onTraining: (now) => {
            training = now
          },
        },
        options,
      ),
    importCar: async (file) => {
      using _ = context.keeping.pinStored()
      const imported = await addCar(
        { dataDir: context.dataDir, file },
        { store: context.store, disk: parts.keeper.status.disk },
      )
      const pinned = imported.archive === null ? imported.roots : [...imported.roots, imported.archive.base]
      parts.pinned.push(...pinned.map((root) => CID.parse(root)))
      return imported
    },
    report: (options) => parts.reports.publish(options),
    amend: (change) => parts.amendments.propose(change),
    approve: (id) => parts.amendments.approve(id),
    invite: () => plainInvite(network.id, mesh.addresses()),
    vouch: (options) =>
      vouchFor(options, {
        network: loop.state.network,
        round: loop.state.round,
        signer: parts.signer,
        addresses: mesh.addresses(),
      }),
    acceptInvite: async (invite) => {
      const voucher = parts.readInvite(invite)
      if (voucher !== null) await parts.voucher.take(voucher, asking())
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
