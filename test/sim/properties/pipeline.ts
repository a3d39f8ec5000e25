import type { CID } from 'multiformats/cid'
import { historyOf, type ReadBase } from './history.ts'
import type { Run } from './property.ts'
import { hashOf } from './reading.ts'

/** A contribution, as far as the choice of inputs looks at it. */
export interface Offered {
  readonly id: string
  readonly author: string
  readonly round: number
  readonly parent: string
  readonly checkpoint: CID
}

export interface Chosen {
  readonly inputs: readonly string[]
  /** Why each of the others is none. */
  readonly excluded: ReadonlyMap<string, string>
}

/**
 * protocol.md 4.2 once more, in the words of the paper and without a line of `protocols/lineage`: which of these are the
 * inputs of round `round`, given in how many of the lists each is. `before` are the bases before it, newest first.
 */
export function chooseInputs(
  run: Run,
  round: number,
  offered: readonly Offered[],
  timesListed: (id: string) => number,
  before: readonly ReadBase[],
): Chosen {
  const { policy } = historyOf(run).committee(round)
  const genesisBase = run.net.genesis.base
  const seed = hashOf('coldmesh/seed/1', run.net.network.bytes, round)
  const ticket = new Map(offered.map(({ id, author }) => [id, lotteryTicket(seed, author)]))
  const tickets = (a: Offered, b: Offered) =>
    Buffer.compare(ticket.get(a.id) ?? Buffer.of(), ticket.get(b.id) ?? Buffer.of())
  const byTicket = (a: Offered, b: Offered) => tickets(a, b) || compareIds(a.id, b.id)

  const ancestors = [...before.map(asAncestor), genesisOf(run, genesisBase)].slice(0, policy.historyRounds)
  const recent = new Set([...ancestors.map(({ weights }) => weights), ...inputsInForce(ancestors)])
  // Bases that a contribution may have been trained from, by the round that it says: how late it is, and their weights.
  const parents = new Map<string, { readonly late: number; readonly weights: string }>()
  let late = 0
  for (const { base, round: at, weights, isEmpty, rolledBackTo } of ancestors) {
    if (late > policy.maxStaleness) break
    parents.set(`${base}/${at + 1}`, { late, weights })
    // Nothing from before a rollback.
    if (rolledBackTo !== null) break
    if (!isEmpty) late++
  }
  const parentOf = ({ parent, round: of }: Offered) => parents.get(`${parent}/${of}`)
  const lateness = (one: Offered) => parentOf(one)?.late ?? 0
  const ranked = [...offered].sort(
    (a, b) =>
      timesListed(b.id) - timesListed(a.id) || tickets(a, b) || lateness(a) - lateness(b) || compareIds(a.id, b.id),
  )
  const authors = new Set<string>()
  const checkpoints = new Set<string>()
  const excluded = new Map<string, string>()
  const left: Offered[] = []
  for (const one of ranked) {
    const checkpoint = String(one.checkpoint)
    const reason = !parentOf(one)
      ? 'parent'
      : checkpoint === ancestors[0]?.weights || checkpoint === parentOf(one)?.weights
        ? 'no-change'
        : recent.has(checkpoint)
          ? 'replay'
          : authors.has(one.author)
            ? 'author'
            : null
    if (reason === null) authors.add(one.author)
    if (reason !== null) excluded.set(one.id, reason)
    else if (checkpoints.has(checkpoint)) excluded.set(one.id, 'copy')
    else left.push(one)
    if (reason === null) checkpoints.add(checkpoint)
  }
  left.sort(byTicket)
  for (const { id } of left.slice(policy.maxContributions)) excluded.set(id, 'lottery')
  return { inputs: left.slice(0, policy.maxContributions).map(({ id }) => id), excluded }
}

interface Ancestor {
  readonly round: number
  readonly base: string
  readonly weights: string
  readonly inputs: readonly string[]
  readonly isEmpty: boolean
  readonly rolledBackTo: string | null
}

/** What is in the newest weights: a rollback took out the inputs of all that came after where it goes. */
function inputsInForce(ancestors: readonly Ancestor[]): readonly string[] {
  let skippedUntil: string | null = null
  return ancestors.flatMap(({ base, inputs, rolledBackTo }) => {
    if (skippedUntil !== null && base !== skippedUntil) return []
    skippedUntil = rolledBackTo
    return inputs
  })
}

const asAncestor = ({ round, base, weights, lineage, isEmpty, rolledBackTo }: ReadBase): Ancestor => ({
  round,
  base,
  weights: String(weights),
  inputs: lineage.inputs.map(({ checkpoint }) => String(checkpoint)),
  isEmpty,
  rolledBackTo,
})

const genesisOf = (run: Run, base: CID): Ancestor => ({
  round: 0,
  base: String(base),
  weights: run.genesisWeights,
  inputs: [],
  isEmpty: false,
  rolledBackTo: null,
})

const lotteryTicket = (seed: Uint8Array, author: string) =>
  Buffer.from(hashOf('coldmesh/lottery/1', seed, Buffer.from(author, 'hex')))

/** By the bytes of the CID: all have the same prefix, so by digest; base32 keeps the order of bytes but for its alphabet. */
function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(rank(a)), Buffer.from(rank(b)))
}

/** Base32 sorts letters before digits, ASCII the other way round. */
const rank = (text: string) => text.replace(/[2-7]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 80))
