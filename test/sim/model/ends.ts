import { type Exploration, membersOf } from './explore.ts'
import type { Member } from './member.ts'
import { backingsOf, viewOfPeace } from './peace.ts'
import { VIEWS } from './universe.ts'

/** What a fair continuation brings from every end of the last view. */
export interface Ends {
  /** States in which all members wait for the end of the last view: from every state there is a way to one, by timeouts. */
  readonly ends: number
  /** Of these, how many differ for who goes on. */
  readonly distinct: number
  /** How many of those were tried. */
  readonly tried: number
  /** How many decide in each view. */
  readonly byView: ReadonlyMap<number, number>
  /** Indexes of states from which nothing decides. */
  readonly deadEnds: readonly number[]
}

/** Tries every end, or every `sampled`-th of those that differ. */
export function tryEnds(exploration: Exploration, sampled = 1): Ends {
  const { universe, automata } = exploration
  const isEnd = automata.map(({ states }) =>
    states.map(({ state }) => state.view === VIEWS - 1 && state.phase === 'precommit'),
  )
  const futures = automata.map(({ states }) => states.map(futureText))
  const seen = new Set<string>()
  const byView = new Map<number, number>()
  const deadEnds: number[] = []
  let [ends, tried] = [0, 0]
  for (let index = 0; index < exploration.states; index++) {
    const locals = exploration.membersAt(index)
    if (!locals.every((local, i) => isEnd[i]?.[local])) continue
    ends++
    const members = membersOf(exploration, locals)
    const text = [...locals.map((local, i) => futures[i]?.[local]), quorumsOf(exploration, members)].join('/')
    if (seen.has(text)) continue
    seen.add(text)
    if (seen.size % sampled !== 0) continue
    tried++
    const view = viewOfPeace(universe, members)
    if (view === null) deadEnds.push(index)
    else byView.set(view, (byView.get(view) ?? 0) + 1)
  }
  return { ends, distinct: seen.size, tried, byView, deadEnds }
}

/** What later views read of a member: all but the votes of earlier ones. */
function futureText({ state, pending }: Member): string {
  const { locked, valid, lineages, builds, proposals } = state
  return [
    locked ? `${locked.view} ${locked.base}` : '',
    valid ? `${valid.view} ${valid.base}` : '',
    [...lineages].map(([cid, lineage]) => `${cid} ${lineage.state}`).sort(),
    [...builds.keys()].sort(),
    [...proposals].map(([view, { id }]) => `${view} ${id}`).sort(),
    pending?.text ?? '',
  ].join(' ')
}

/** Votes of earlier views are read as quorums only: which of them there are, once all know all votes. */
function quorumsOf({ universe }: Exploration, members: readonly Member[]): string {
  const votes = [...members.flatMap(({ said }) => said), ...backingsOf(universe, members)]
  const counts = new Map<string, number>()
  for (const { signed, view, value } of votes) {
    const name = `${signed.message.kind} ${view} ${value}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const names = [...counts].filter(([, count]) => count >= universe.stage.facts.quorum).map(([name]) => name)
  return [...names.sort(), ...['prevote/1', 'precommit/1'].map((kind) => votersIn(kind, members))].join()
}

/** Whether enough voted in the last view to set its timers. */
function votersIn(kind: string, members: readonly Member[]): number {
  return members.filter(({ said }) =>
    said.some(({ signed, view }) => signed.message.kind === kind && view === VIEWS - 1),
  ).length
}
