import { verifyEvidence } from '../../../src/peer/evidence-report.ts'
import { DEFAULT_ROUND_POLICY } from '../../../src/peer/genesis.ts'
import type { AmendmentStatus, JoinEvent, LogEntry, Peer, PeerEvent, PeerStatus } from '../../../src/peer/types.ts'
import { ColdmeshError } from '../../../src/ports/errors.ts'

export const NETWORK = 'bafyreigenesisgenesisgenesisgenesisgenesisgenesisgenesisge'
export const BASES = ['bafybeibase1'.padEnd(59, 'a'), 'bafybeibase2'.padEnd(59, 'b'), 'bafybeibase3'.padEnd(59, 'c')]

export interface FakePeer {
  readonly peer: Peer
  /** Every call that changes something, in order. */
  readonly calls: string[]
  emit(event: PeerEvent): void
  /** Ends the join that runs. */
  finishJoin(error?: Error): void
}

/** A peer that answers from constants and remembers what it was asked. */
export function createFakePeer(): FakePeer {
  const calls: string[] = []
  const listeners = new Set<(event: PeerEvent) => void>()
  let finish = Promise.withResolvers<void>()
  const peer: Peer = {
    key: 'ab'.repeat(32),
    network: NETWORK,
    status: () => STATUS,
    peers: () => [
      { id: '12D3KooWfake', addresses: ['/ip4/127.0.0.1/tcp/1'], member: 'beta', score: -20, unanswered: 1 },
    ],
    events: ({ signal } = {}) => follow(listeners, signal),
    join: ({ task, rounds }) => {
      calls.push(`join ${task ?? ''} ${rounds ?? 1}`)
      finish = Promise.withResolvers()
      const outcome = { round: 1, base: String(BASES[0]), id: 'id', included: true, reason: null }
      async function* events(): AsyncGenerator<JoinEvent> {
        yield { type: 'synced', round: 0, base: String(BASES[0]) }
        await finish.promise
        yield { type: 'outcome', ...outcome }
      }
      const result = finish.promise.then(() => ({ base: outcome.base, rounds: [outcome] }))
      return { result, [Symbol.asyncIterator]: events }
    },
    report: async (options) => {
      calls.push(`report ${options.base} ${options.task} ${options.mode} ${options.value}`)
      return { ...options, id: 'report', author: 'ab'.repeat(32), round: 1, metric: 'accuracy' }
    },
    amend: async (change) => {
      calls.push(`amend ${JSON.stringify(change)}`)
      return { ...AMENDMENT, change }
    },
    approve: async (id) => {
      calls.push(`approve ${id}`)
      return { ...AMENDMENT, id }
    },
    reports: () => [],
    evidence: () => [],
    fork: async () => null,
    verifyEvidence: (bytes) => verifyEvidence(bytes),
    invite: () => 'coldmesh1fake',
    vouch: ({ for: contributor, rounds = 100 }) => {
      calls.push(`vouch ${contributor} ${rounds}`)
      return { invite: 'coldmesh1vouched', network: NETWORK, contributor, from: 4, until: 3 + rounds }
    },
    acceptInvite: async (invite) => {
      calls.push(`accept ${invite}`)
    },
    importCar: async (file) => {
      calls.push(`import ${file}`)
      if (file === '/data/bad.car')
        throw new ColdmeshError('bad-input', 'This is no whole CAR file.', { hint: 'Make one.' })
      return { roots: [String(BASES[0])], blocks: 3, bytes: 100, archive: null }
    },
    stop: async () => {},
    async *log(base) {
      const newest = base === undefined ? BASES.length : BASES.indexOf(base) + 1
      for (let round = newest; round >= 1; round -= 1) yield entryOf(round)
    },
    verify: async (base, { level = 'full', trust, ...more } = {}) => {
      const { signal: _, ...others } = more
      const said = Object.keys(others).length === 0 ? '' : ` ${JSON.stringify(others)}`
      calls.push(`verify ${base} ${level} ${trust ?? ''}${said}`)
      const trusted = trust === NETWORK
      return {
        base,
        network: NETWORK,
        valid: true,
        certified: true,
        trusted,
        trust: { genesis: trust === undefined ? null : trusted, keys: null },
        level,
        sample: null,
        rounds: [],
        failures: [],
        fork: null,
      }
    },
    export: async (cid, { out }) => {
      calls.push(`export ${cid} ${out}`)
      return { cid, kind: 'base', files: [out] }
    },
    exportArchive: async (cid, { file, contents = 'everything' }) => {
      calls.push(`archive ${cid} ${file} ${contents}`)
      const facts = { round: 3, certified: true, blocks: 1, bytes: 1, root: NETWORK }
      return { cid, kind: 'archive', ...facts, contents, files: [file, `${file}.idx`] }
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return {
    peer,
    calls,
    emit: (event) => {
      for (const listener of listeners) listener(event)
    },
    finishJoin: (error) => (error === undefined ? finish.resolve() : finish.reject(error)),
  }
}

const DISK = { usedBytes: 32_000_000, budgetBytes: null, freeBytes: 9_000_000_000 }

function entryOf(round: number): LogEntry {
  const base = String(BASES[round - 1])
  const parent = BASES[round - 2] ?? 'bafybeibase0'.padEnd(59, 'z')
  const made = { aggregator: 'alpha', view: 0, rule: 'mean/1', amendment: null }
  return { round, base, parent, ...made, inputs: [], excluded: [], revertedBy: null, reports: [], evidence: [] }
}

async function* follow(
  listeners: Set<(event: PeerEvent) => void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<PeerEvent> {
  const queue: PeerEvent[] = []
  let wake = Promise.withResolvers<void>()
  const listener = (event: PeerEvent): void => {
    queue.push(event)
    wake.resolve()
  }
  listeners.add(listener)
  signal?.addEventListener('abort', () => wake.resolve(), { once: true })
  try {
    while (signal?.aborted !== true) {
      const event = queue.shift()
      if (event !== undefined) yield event
      else {
        await wake.promise
        wake = Promise.withResolvers()
      }
    }
  } finally {
    listeners.delete(listener)
  }
}

const AMENDMENT: AmendmentStatus = {
  id: 'bafyreiamendment',
  change: { quorum: 'crash' },
  approvedBy: ['alpha'],
  missing: ['beta'],
  need: 2,
  state: 'open',
  from: null,
}

export const STATUS: PeerStatus = {
  network: NETWORK,
  name: 'alpha',
  key: 'ab'.repeat(32),
  peerId: '12D3KooWself',
  member: 'alpha',
  muted: null,
  gate: null,
  round: 4,
  view: 0,
  phase: 'collect',
  base: String(BASES[2]),
  archive: NETWORK,
  aggregator: null,
  gateway: 'http://127.0.0.1:8080',
  multiaddrs: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWself'],
  peers: 1,
  waitingFor: { what: 'contributions', have: 1, need: 3, missing: [], sinceMs: 1, untilMs: null },
  waits: [],
  catchUp: null,
  contributions: [],
  fork: null,
  permission: { contributors: 'open', granted: true, reason: null, until: null, by: null },
  trainer: { engine: 'onnx', device: 'cpu' },
  training: null,
  refused: [],
  reports: { held: 0, base: [] },
  terms: {
    committee: [
      { name: 'alpha', key: 'ab'.repeat(32) },
      { name: 'beta', key: 'cd'.repeat(32) },
    ],
    quorum: 'byzantine',
    votes: 2,
    contributors: 'open',
    round: DEFAULT_ROUND_POLICY,
    gate: null,
    rule: 'mean/1',
  },
  amendments: [],
  store: { blocks: 40, bytes: 31_400_000, keepRounds: 8, dropped: null, disk: DISK },
  troubles: [],
  split: null,
  mismatches: [],
  evidence: [],
}
