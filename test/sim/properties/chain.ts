import { CID } from 'multiformats/cid'
import { createRandom } from '../../support/rounds/random.ts'
import { type History, historyOf, type ReadBase } from './history.ts'
import type { Property, Run } from './property.ts'
import {
  approvalPayload,
  cidOf,
  DIRECTORY,
  fakeCid,
  hex,
  RAW,
  type ReadLineage,
  readCertificate,
  readLineage,
} from './reading.ts'

/** The directory's CID that a lineage stands in. */
export const baseOf = (lineageBytes: Uint8Array, { weights }: ReadLineage): string =>
  fakeCid(DIRECTORY, 'base', CID.parse(cidOf(RAW, lineageBytes)).bytes, weights.bytes)

/** Walks each honest host's chain from its newest base to the genesis, with a reader of its own. */
export const S2: Property = {
  name: 'S2',
  title: 'every certified base has a certified parent back to genesis',
  check: (run) => {
    const history = historyOf(run)
    return history.adopted.flatMap(({ read, before }) => [
      ...wrongWith(run, history, read, before[0] ?? null),
      ...wrongRollback(run, history, read, before),
    ])
  },
}

function wrongWith(run: Run, history: History, read: ReadBase, parent: ReadBase | null): readonly string[] {
  const { lineage, certificate, round } = read
  const { quorum } = history.committee(round)
  const embedded = lineage.parentCertificate === null ? null : readCertificate(lineage.parentCertificate)
  const expected = parent?.base ?? String(run.net.genesis.base)
  const checks: readonly (readonly [isRight: boolean, what: string])[] = [
    [lineage.network === String(run.net.network) && lineage.round === round, 'is of another network or round'],
    [lineage.parent === expected, 'has another parent'],
    [(parent?.round ?? 0) === round - 1, 'skips a round'],
    [baseOf(read.lineageBytes, lineage) === read.base, 'is not the base of its lineage'],
    [certificate.round === round && String(certificate.base) === read.base, 'has the certificate of another base'],
    [certificate.signatures.length === quorum && history.signersOf(certificate) === quorum, 'lacks a quorum of votes'],
    [(embedded === null) === (parent === null), 'does not show that its parent is certified'],
    [embedded === null || isFor(embedded, parent), 'shows the certificate of another parent'],
    [
      embedded === null || history.signersOf(embedded) >= history.committee(round - 1).quorum,
      'has a parent without a quorum',
    ],
    [areListsReal(history, read), 'quotes lists that are not a quorum of signed lists of the round'],
    [isApproved(run, history, read), 'embeds an amendment that no quorum of its committee approved'],
    [areInputsReal(history, lineage), 'quotes a contribution that nobody signed'],
  ]
  return checks.flatMap(([isRight, what]) => (isRight ? [] : [`the base of round ${round} ${what}`]))
}

/** To a base of the last rounds, of other weights, and without contributions. */
function wrongRollback(
  run: Run,
  history: History,
  { round, lineage, rolledBackTo }: ReadBase,
  before: readonly ReadBase[],
): readonly string[] {
  if (rolledBackTo === null) return []
  const weights = new Map([
    ...before.map((read): [string, string] => [read.base, String(read.weights)]),
    [String(run.net.genesis.base), run.genesisWeights],
  ])
  const [own, ...earlier] = [...weights].slice(0, history.committee(round).policy.historyRounds)
  const target = earlier.find(([base]) => base === rolledBackTo)
  const isBare = lineage.inputs.length === 0 && lineage.excluded.length === 0
  const isRight = isBare && target !== undefined && target[1] !== own?.[1] && target[1] === String(lineage.weights)
  return isRight ? [] : [`the base of round ${round} goes back in a way that no amendment can want`]
}

const isFor = ({ round, base }: { round: number; base: unknown }, parent: ReadBase | null) =>
  round === parent?.round && String(base) === parent.base

function areListsReal(history: History, { lineage, round }: ReadBase): boolean {
  const { members, quorum } = history.committee(round)
  const authors = new Set(lineage.lists.map(({ author }) => author))
  const isReal = lineage.lists.every(
    (list) =>
      members.has(list.author) &&
      list.round === round &&
      list.parent === lineage.parent &&
      history.isSigned(list.author, list.payload, list.signature),
  )
  return isReal && authors.size === quorum && lineage.lists.length === quorum
}

function isApproved(run: Run, history: History, { lineage: { amendment }, round }: ReadBase): boolean {
  if (!amendment) return true
  const { members, quorum } = history.committee(round)
  const authors = amendment.signatures.map(({ author }) => hex(author))
  const isReal = amendment.signatures.every(({ author, signature }) =>
    history.isSigned(hex(author), approvalPayload(run.net.network, author, amendment.payload), signature),
  )
  return isReal && authors.every((author) => members.has(author)) && new Set(authors).size === quorum
}

function areInputsReal(history: History, { inputs, excluded }: ReadLineage): boolean {
  return [...inputs, ...excluded.map(({ contribution }) => contribution)].every(({ author, payload, signature }) =>
    history.isSigned(author, payload, signature),
  )
}

/** From one host's disk alone: whole, it leads to the genesis; damaged, the walk ends where the damage is. */
export const S8: Property = {
  name: 'S8',
  title: 'a verifier with only the newest base and a block store reaches genesis or names the first bad link',
  check: (run) => {
    const random = createRandom(run.seed + 88)
    const hosts = run.hosts.filter((host) => !host.liar && host.chain.length > 0)
    if (hosts.length === 0) return []
    const host = random.pick(hosts)
    const newest = host.chain.at(-1)
    if (!newest) return []
    const store = new Map(host.disk.records)
    const genesis = String(run.net.genesis.base)
    const whole = walk(store, String(newest.base), genesis)
    const found = whole === null ? [] : [`host ${host.index} can't show its chain: ${whole}`]
    const damaged = random.pick(host.chain)
    const bytes = store.get(String(damaged.base))
    if (!bytes) return found
    const name = String(damaged.base)
    if (random.chance(0.5)) store.delete(name)
    else store.set(name, flipped(bytes, random.integer(0, 8 * bytes.length - 1)))
    const named = walk(store, String(newest.base), genesis)
    return named === name ? found : [...found, `damage at round ${damaged.round} is taken for ${named ?? 'nothing'}`]
  },
}

/** Null at the genesis; else the base whose lineage is missing or another one's. */
function walk(store: ReadonlyMap<string, Uint8Array>, from: string, genesis: string): string | null {
  let at = from
  while (at !== genesis) {
    const bytes = store.get(at)
    const lineage = bytes && tryRead(bytes, at)
    if (!lineage) return at
    at = lineage.parent
  }
  return null
}

/** The lineage of this base; null for bytes that are another one's, or none. */
export function tryRead(bytes: Uint8Array, base: string): ReadLineage | null {
  try {
    const lineage = readLineage(bytes)
    return baseOf(bytes, lineage) === base ? lineage : null
  } catch {
    return null
  }
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
