import type { CID } from 'multiformats/cid'
import type { Decision } from '../disk.ts'
import type { Run } from './property.ts'
import type { ReadLineage } from './reading.ts'
import { hex, nameOfBytes, precommitPayload, type ReadCertificate, readCertificate, readLineage } from './reading.ts'

/** A base of a chain, as the second reader sees it. */
export interface ReadBase {
  readonly round: number
  readonly base: string
  readonly lineageBytes: Uint8Array
  readonly lineage: ReadLineage
  readonly certificate: ReadCertificate
  readonly weights: CID
  readonly isEmpty: boolean
  /** The earlier base that it goes back to. */
  readonly rolledBackTo: string | null
}

/** Committee and numbers of a round, worked out anew from the genesis. */
export interface Committee {
  readonly members: ReadonlySet<string>
  readonly quorum: number
  /** f */
  readonly faults: number
  readonly policy: Policy
}

export interface Policy {
  readonly minContributions: number
  readonly maxContributions: number
  readonly viewTimeoutMs: number
  readonly minBytesPerSecond: number
  readonly maxViews: number
  readonly historyRounds: number
  readonly maxStaleness: number
}

export interface History {
  committee(round: number): Committee
  /** The chain of a host, and what is wrong with a link. */
  chainOf(host: number): readonly ReadBase[]
  /** Every base that an honest host adopted, once, with those before it, newest first. */
  readonly adopted: readonly { readonly read: ReadBase; readonly before: readonly ReadBase[] }[]
  /** Whether this key really signed these bytes. */
  isSigned(author: string, payload: Uint8Array, signature: Uint8Array): boolean
  /** Distinct members whose precommits a certificate holds; 0 for one with a signature that nobody made. */
  signersOf(certificate: ReadCertificate): number
}

const histories = new WeakMap<Run, History>()

/** Read once per run. */
export function historyOf(run: Run): History {
  const known = histories.get(run)
  if (known) return known
  const made = readHistory(run)
  histories.set(run, made)
  return made
}

function readHistory(run: Run): History {
  const signed = new Map<string, Uint8Array>()
  for (const { signed: one } of run.record.spoken) signed.set(nameOfBytes(one.payload), one.signature)
  for (const { signed: one } of run.contributions.values()) signed.set(nameOfBytes(one.payload), one.signature)
  for (const one of run.record.approvals) signed.set(nameOfBytes(one.payload), one.signature)

  const lineages = new Map<Uint8Array, ReadLineage>()
  const bases = new Map<Decision, ReadBase>()
  const read = (decision: Decision): ReadBase => {
    const known = bases.get(decision)
    if (known) return known
    const lineage = lineages.get(decision.lineage) ?? readLineage(decision.lineage)
    lineages.set(decision.lineage, lineage)
    const rollback = lineage.amendment?.change.rollback
    const made: ReadBase = {
      round: decision.round,
      base: String(decision.base),
      lineageBytes: decision.lineage,
      lineage,
      certificate: readCertificate(decision.certificate),
      weights: lineage.weights,
      isEmpty: rollback === undefined && lineage.inputs.length === 0 && lineage.excluded.length === 0,
      rolledBackTo: rollback === undefined ? null : String(rollback.base),
    }
    bases.set(decision, made)
    return made
  }
  const chains = run.hosts.map((host) => host.chain.map(read))
  const longest = run.hosts.filter(({ liar }) => !liar).map(({ index }) => chains[index] ?? [])
  const committees = committeesOf(run, longest.sort((a, b) => b.length - a.length)[0] ?? [])
  const adopted = new Map<string, History['adopted'][number]>()
  for (const host of run.hosts) {
    if (host.liar) continue
    const chain = chains[host.index] ?? []
    chain.forEach((one, i) => {
      adopted.set(`${one.round}/${one.base}`, { read: one, before: chain.slice(0, i).reverse() })
    })
  }
  const isSigned: History['isSigned'] = (author, payload, signature) => {
    const real = signed.get(nameOfBytes(payload))
    return real !== undefined && Buffer.from(real).equals(signature) && author.length === 64
  }
  return {
    committee: (round) => committees[Math.min(round, committees.length - 1)] ?? committees[0],
    chainOf: (host) => chains[host] ?? [],
    adopted: [...adopted.values()],
    isSigned,
    signersOf: (certificate) => {
      const { members } = committees[Math.min(certificate.round, committees.length - 1)] ?? committees[0]
      const authors = certificate.signatures.map(({ author }) => hex(author))
      const isReal = certificate.signatures.every(
        ({ author, signature }) =>
          members.has(hex(author)) && isSigned(hex(author), precommitPayload(certificate, author), signature),
      )
      return isReal ? new Set(authors).size : 0
    },
  }
}

/** By round, from 0 on to the one after the chain's newest: what is embedded in round r is in force from round r + 2 on. */
function committeesOf(run: Run, chain: readonly ReadBase[]): [Committee, ...Committee[]] {
  const { committee, quorum, round } = run.net.genesis
  const first = committeeOf(new Set(committee.map(({ key }) => hex(key))), quorum, round)
  const made: [Committee, ...Committee[]] = [first, first, first]
  let newest = { committee: first, quorum }
  for (const { lineage, round: at } of chain) {
    if (lineage.amendment) {
      const { change } = lineage.amendment
      const kind = change.quorum ?? newest.quorum
      const added = (change.add ?? []).map(({ key }) => hex(key))
      const removed = new Set((change.remove ?? []).map(hex))
      const members = new Set([...newest.committee.members, ...added].filter((key) => !removed.has(key)))
      newest = { committee: committeeOf(members, kind, { ...newest.committee.policy, ...change.round }), quorum: kind }
    }
    made[at + 2] = newest.committee
  }
  return made
}

function committeeOf(members: ReadonlySet<string>, kind: 'byzantine' | 'crash', policy: Policy): Committee {
  const n = members.size
  const quorum = kind === 'byzantine' ? Math.floor((2 * n) / 3) + 1 : Math.floor(n / 2) + 1
  return { members, quorum, faults: n - quorum, policy }
}
