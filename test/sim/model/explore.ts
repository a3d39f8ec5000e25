import { type Automaton, createAutomaton, type Move } from './automaton.ts'
import type { Member } from './member.ts'
import { createNumberSet } from './number-set.ts'
import type { Universe, Value } from './universe.ts'

/** One thing that happened to one member. */
export interface Step {
  readonly place: number
  readonly move: Move
}

export interface Violation {
  readonly what: string
  /** As few steps as lead there. */
  readonly trace: readonly Step[]
}

export interface Exploration {
  readonly universe: Universe
  readonly automata: readonly Automaton[]
  /** States of the three honest members together. */
  readonly states: number
  readonly transitions: number
  /** The first that was found, if any; the search ends there. */
  readonly violation: Violation | null
  /** The members' states in the n-th state, in the order of the automata. */
  membersAt(index: number): readonly number[]
  /** Whether the members can be in these states together. */
  isReached(locals: readonly number[]): boolean
}

/** States that one member can have, at most; three members are one number below 2^53. */
const STRIDE = 2 ** 14
const LOW = 0xffffffffn

const WEIGHTS = [1, STRIDE, STRIDE * STRIDE]
const localAt = (code: number, which: number) => Math.floor(code / (WEIGHTS[which] ?? 1)) % STRIDE
const localsOf = (code: number) => WEIGHTS.map((_, which) => localAt(code, which))
const codeOf = (locals: readonly number[]) => locals.reduce((code, local, i) => code + local * (WEIGHTS[i] ?? 0), 0)

/** A set of messages as two integers of 32 bits. */
interface Bits {
  readonly low: number
  readonly high: number
}

const bitsOf = (set: bigint): Bits => ({ low: Number(set & LOW) | 0, high: Number(set >> 32n) | 0 })
const isWithin = (part: Bits, low: number, high: number) => (part.low & ~low) === 0 && (part.high & ~high) === 0

interface CompiledState {
  readonly says: Bits
  readonly moves: readonly (Bits & { readonly to: number })[]
  readonly broken: readonly string[]
}

/** Every state that the honest members can reach together, breadth first; checks each as it is found. */
export function explore(universe: Universe): Exploration {
  const automata = universe.stage.members.flatMap((_, place) =>
    place === universe.liar ? [] : [createAutomaton(universe, place)],
  )
  const compiled: CompiledState[][] = automata.map(() => [])
  const certificates = certificatesOf(universe)
  const reached = createNumberSet()
  const parents: number[] = [-1]
  let transitions = 0

  function compile(which: number, local: number): CompiledState {
    const known = compiled[which]?.[local]
    if (known) return known
    const automaton = automata[which]
    if (!automaton || local >= STRIDE) throw new Error('more states than the model has room for')
    const state: CompiledState = {
      moves: automaton.movesOf(local).map(({ needs, to }) => ({ ...bitsOf(needs), to })),
      says: bitsOf(automaton.says[local] ?? 0n),
      broken: automaton.states[local]?.broken ?? [],
    }
    const states = compiled[which]
    if (states) states[local] = state
    return state
  }

  /** Goes through the n-th state; returns what is wrong with it. Runs millions of times: it makes no objects. */
  function visit(index: number): string | null {
    const code = reached.at(index)
    let [low, high] = [0, 0]
    for (const which of compiled.keys()) {
      const { says, broken } = compile(which, localAt(code, which))
      if (broken.length > 0) return broken.join('; ')
      low |= says.low
      high |= says.high
    }
    const fork = forkIn(certificates, low, high, universe.stage.facts.quorum)
    if (fork !== null) return fork
    for (const which of compiled.keys()) {
      const local = localAt(code, which)
      const weight = WEIGHTS[which] ?? 0
      const rest = code - local * weight
      for (const move of compile(which, local).moves) {
        if (!isWithin(move, low, high)) continue
        transitions++
        if (reached.add(rest + move.to * weight)) parents.push(index)
      }
    }
    return null
  }

  function traceTo(index: number): readonly Step[] {
    const parent = parents[index] ?? -1
    if (parent < 0) return []
    const [before, after] = [localsOf(reached.at(parent)), localsOf(reached.at(index))]
    const which = before.findIndex((local, i) => local !== after[i])
    const pool = before.reduce((set, local, i) => set | (automata[i]?.says[local] ?? 0n), 0n)
    const automaton = automata[which]
    const move = automaton
      ?.movesOf(before[which] ?? 0)
      .find(({ to, needs }) => to === after[which] && (needs & pool) === needs)
    if (!automaton || !move) throw new Error('a state without a way to it')
    return [...traceTo(parent), { place: automaton.place, move }]
  }

  let violation: Violation | null = null
  reached.add(0)
  for (let index = 0; index < reached.size && !violation; index++) {
    const what = visit(index)
    if (what !== null) violation = { what, trace: traceTo(index) }
  }
  return {
    universe,
    automata,
    states: reached.size,
    transitions,
    violation,
    membersAt: (index) => localsOf(reached.at(index)),
    isReached: (locals) => reached.has(codeOf(locals)),
  }
}

interface PossibleCertificate {
  readonly value: Value
  readonly votes: readonly Bits[]
}

/** Two bases with enough precommits among what was said, if there are. The liar signs for everything. */
function forkIn(possible: readonly PossibleCertificate[], low: number, high: number, quorum: number): string | null {
  let first: Value | null = null
  for (const { value, votes } of possible) {
    let count = 1
    for (const vote of votes) if (isWithin(vote, low, high)) count++
    if (count < quorum) continue
    if (first !== null && first !== value) return `S1: certificates of ${first} and ${value}`
    first = value
  }
  return null
}

/** For each base and view: the precommits of honest members, any quorum of which, with the liar's, is a certificate. */
function certificatesOf({ utterances, liar }: Universe): readonly PossibleCertificate[] {
  const precommits = utterances.filter(({ signed }) => signed.message.kind === 'precommit/1')
  const groups = Map.groupBy(
    precommits.filter(({ author, value }) => author !== liar && value !== 'nil'),
    ({ view, value }) => `${view} ${value}`,
  )
  return [...groups.values()].map((group) => ({
    value: group[0]?.value ?? 'nil',
    votes: group.map(({ bit }) => bitsOf(bit)),
  }))
}

/** The honest members of a state. */
export function membersOf({ automata }: Exploration, locals: readonly number[]): readonly Member[] {
  return automata.flatMap(({ states }, i) => states[locals[i] ?? 0] ?? [])
}
