import { encodeEvidence, isProven, judgeEvidence } from '../../../protocols/round/evidence.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { historyOf } from './history.ts'
import type { Peace, Property, Run } from './property.ts'
import { hashOf, hex } from './reading.ts'

/** Members that begin a round so far apart are not together yet: the last one's turn to propose may be over before it is there. */
const TOGETHER_MS = 1000

/** A round that every honest member began when nothing went wrong any more, and none was left behind by what went wrong before. */
interface QuietRound {
  readonly round: number
  /** Earliest view that certified it. */
  readonly view: number
  readonly isEmpty: boolean
  /** From the first member's first view to the last one's decision. */
  readonly lastedMs: number
  /** Aggregators of the views before the first honest one that is up. */
  readonly faultyFirst: readonly number[]
}

function quietRounds(run: Run): readonly QuietRound[] {
  const { peace, record, hosts } = run
  if (!peace) return []
  const honest = hosts.filter(({ liar, index }) => !liar && !peace.down.has(index))
  const quiet = new Set<number>()
  const inOrder = historyOf(run).adopted.toSorted((a, b) => a.read.round - b.read.round)
  return inOrder.flatMap(({ read }) => {
    const { round } = read
    const begun = record.begun.filter((one) => one.round === round && honest.some(({ index }) => index === one.host))
    const isQuiet =
      honest.every(({ index }) => begun.some(({ host }) => host === index)) &&
      begun.every(({ atMs }) => atMs >= peace.sinceMs)
    const firsts = honest.map(({ index }) => begun.find(({ host }) => host === index)?.atMs ?? 0)
    const apartMs = Math.max(...firsts) - Math.min(...firsts)
    if (!isQuiet || (apartMs > TOGETHER_MS && !quiet.has(round - 1))) return []
    quiet.add(round)
    const decisions = record.adoptions.filter(
      ({ host, decision }) => decision.round === round && honest.some(({ index }) => index === host),
    )
    const entered = record.views.filter((one) => one.round === round && honest.some(({ index }) => index === one.host))
    const startMs = Math.min(...entered.map(({ atMs }) => atMs))
    return [
      {
        round,
        view: read.certificate.view,
        isEmpty: read.isEmpty,
        lastedMs: Math.min(...decisions.map(({ atMs }) => atMs)) - startMs,
        faultyFirst: faultyFirst(run, peace, round),
      },
    ]
  })
}

function faultyFirst(run: Run, peace: Peace, round: number): readonly number[] {
  const rank = rankOf(run, round)
  const at = rank.findIndex((index) => !run.hosts[index]?.liar && !peace.down.has(index))
  return at < 0 ? rank : rank.slice(0, at)
}

/** protocol.md 3: who proposes in which view, by the hashes. */
export function rankOf(run: Run, round: number): readonly number[] {
  const seed = hashOf('coldmesh/seed/1', run.net.network.bytes, round)
  const members = historyOf(run).committee(round).members
  return run.hosts
    .filter(({ key }) => members.has(hex(key.publicKey)))
    .map(({ key, index }) => ({ index, hash: Buffer.from(hashOf('coldmesh/rank/1', seed, key.publicKey)) }))
    .sort((a, b) => Buffer.compare(a.hash, b.hash))
    .map(({ index }) => index)
}

/** A round that begins in peace ends within f + 1 views, with inputs; one that was under way, soon after. */
export const L1: Property = {
  name: 'L1',
  title: 'once messages flow and at most f are faulty, rounds are certified within f + 1 views, with inputs',
  check: (run) => {
    const { peace } = run
    const stuck = forgotten(run)
    if (!peace || stuck.length > 0) return stuck
    if (!peace.isDecided) return ['not every honest member decided every round']
    return quietRounds(run).flatMap(({ round, view, isEmpty }) => {
      const { faults, policy } = historyOf(run).committee(round)
      const found: string[] = []
      if (view > faults) found.push(`round ${round} took ${view + 1} views, f + 1 are ${faults + 1}`)
      if (isEmpty && policy.maxViews > faults) found.push(`round ${round} ended empty`)
      return found
    })
  },
}

/** A member that is locked proposes nothing new: those that are locked with it could not follow. */
function forgotten(run: Run): readonly string[] {
  const locks = new Map<string, number>()
  const found: string[] = []
  for (const { host, signed } of run.record.spoken) {
    const { message } = signed
    if (run.hosts[host]?.liar || message.kind === 'list/1') continue
    const { round, view } = message
    const locked = locks.get(`${host}/${round}`)
    if (message.kind === 'precommit/1' && message.base !== null) locks.set(`${host}/${round}`, view)
    if (message.kind === 'proposal/1' && message.validView === null && locked !== undefined && view > locked)
      found.push(`host ${host} is locked in round ${round}, view ${locked}, and proposes something new in view ${view}`)
  }
  return found
}

/** In the end every honest member is on the same chain, and nobody ever left one. */
export const L3: Property = {
  name: 'L3',
  title: 'after healing all reach one head, without rollback',
  check: (run) => {
    const found: string[] = []
    const reached = new Map<number, number>()
    for (const { host, decision } of run.record.adoptions) {
      const before = reached.get(host) ?? 0
      if (decision.round !== before + 1) found.push(`host ${host} went from round ${before} to ${decision.round}`)
      reached.set(host, decision.round)
    }
    if (!run.peace?.isDecided) return found
    const honest = run.hosts.filter(({ liar, index }) => !liar && !run.peace?.down.has(index))
    const heads = new Set(honest.map(({ chain }) => chain.map(({ base }) => String(base).slice(-6)).join(' ')))
    return heads.size > 1 ? [...found, `different chains: ${[...heads].join(' | ')}`] : found
  },
}

/** Members that were down when they should have proposed cost one time to propose each. */
export const L4: Property = {
  name: 'L4',
  title: "an aggregator's crash costs one view timeout",
  check: (run) =>
    quietRounds(run).flatMap(({ round, faultyFirst, lastedMs, view }) => {
      const { peace, net } = run
      if (!peace || faultyFirst.some((index) => !isSilent(run, peace, index))) return []
      if (view !== faultyFirst.length) return [] // for L5 to judge
      const { viewTimeoutMs, maxContributions, minBytesPerSecond } = historyOf(run).committee(round).policy
      const transferMs = (1000 * net.genesis.bytes * (maxContributions + 2)) / minBytesPerSecond
      const timeoutMs = (at: number) => viewTimeoutMs * (at + 1) + transferMs
      const boundMs = faultyFirst.reduce((sum, _, at) => sum + timeoutMs(at), 0) * 2 ** emptyBefore(run, round)
      const allowedMs = boundMs + peace.settleMs
      return lastedMs <= allowedMs
        ? []
        : [`round ${round} lasted ${lastedMs} ms, ${faultyFirst.length} aggregators down allow ${allowedMs}`]
    }),
}

const isSilent = (run: Run, peace: Peace, index: number) =>
  peace.down.has(index) || run.hosts[index]?.liar?.name === 'silent'

function emptyBefore(run: Run, round: number): number {
  const chain = historyOf(run).adopted.map(({ read }) => read)
  let count = 0
  while (chain.find((read) => read.round === round - 1 - count)?.isEmpty) count++
  return Math.min(count, 6)
}

/** In peace the first honest aggregator in turn succeeds; and who hears a contradiction holds the evidence. */
export const L5: Property = {
  name: 'L5',
  title: 'a lying proposer costs one view, and leaves evidence where there is any',
  check: (run) => [
    ...quietRounds(run).flatMap(({ round, view, faultyFirst }) =>
      view <= faultyFirst.length
        ? []
        : [
            `round ${round} took until view ${view}, ${faultyFirst.length} aggregators are faulty before the first honest one`,
          ],
    ),
    ...unnoticed(run),
    ...unproven(run),
  ],
}

function unnoticed(run: Run): readonly string[] {
  const slots = new Map<string, string>()
  const contradicted = new Set<string>()
  for (const { host, life, signed } of run.record.heard) {
    const { message, id } = signed
    const author = hex(message.author)
    const place = message.kind === 'list/1' ? `list ${message.seq}` : `${message.kind} ${message.view}`
    const slot = `${host}/${life}/${author}/${message.round}/${place}`
    const before = slots.get(slot)
    if (before !== undefined && before !== String(id)) contradicted.add(`${host}/${author}/${message.round}`)
    slots.set(slot, before ?? String(id))
  }
  const accused = new Set(
    run.record.accusations.map(
      ({ host, evidence: { first } }) => `${host}/${hex(first.message.author)}/${first.message.round}`,
    ),
  )
  return [...contradicted].filter((name) => !accused.has(name)).map((name) => `unnoticed contradiction: ${name}`)
}

/** A third party that knows only the committee is convinced by each. */
function unproven(run: Run): readonly string[] {
  const viewOf = (round: number) => ({
    network: run.net.network,
    isMember: (key: Uint8Array) => historyOf(run).committee(round).members.has(hex(key)),
  })
  const isConvincing = (first: Signed<RoundMessage>, second: Signed<RoundMessage>) =>
    isProven(judgeEvidence(encodeEvidence(run.net.network, first, second), viewOf(first.message.round)))
  const wrong = run.record.accusations.filter(({ evidence: { first, second } }) => !isConvincing(first, second))
  return wrong.map(({ host }) => `host ${host} has evidence that proves nothing`)
}
