import { createRandom, type Random } from '../../support/rounds/random.ts'
import { ownHappenings } from './automaton.ts'
import type { Exploration } from './explore.ts'
import { type Happening, happen, type Member, openMember } from './member.ts'
import { VIEWS } from './universe.ts'

const STEPS = 80

/** Where so many walks, one a seed, left what was explored. */
export function findStrays(exploration: Exploration, walks: number): readonly (readonly Member[])[] {
  const ends = Array.from({ length: walks }, (_, seed) => findUnexplored(exploration, createRandom(seed)))
  return ends.filter((members) => members !== null)
}

/**
 * A walk of members that remember every vote and hear messages one by one, in any order: what the exploration leaves out.
 * Returns the first state of the walk that the exploration did not find; null when it found all.
 */
function findUnexplored(exploration: Exploration, random: Random): readonly Member[] | null {
  const { universe, automata } = exploration
  const members = automata.map(({ place }) => openMember(universe, place))
  for (let step = 0; step < STEPS; step++) {
    const which = random.integer(0, members.length - 1)
    const member = members[which]
    if (!member) continue
    const after = happen(universe, member, pick(exploration, members, member, random))
    // Who decided, or left the last view, says nothing more in the model.
    if (after.state.phase === 'adopt' || after.state.view >= VIEWS) continue
    members[which] = after
    const locals = automata.map((automaton, i) => automaton.find(members[i] ?? after))
    if (locals.includes(-1) || !exploration.isReached(locals)) return members
  }
  return null
}

function pick({ universe }: Exploration, members: readonly Member[], member: Member, random: Random): Happening {
  const own = ownHappenings(member)
  if (own.length > 0 && random.chance(0.15)) return random.pick(own)
  const said = members.flatMap((other) => (other === member ? [] : other.said))
  const lies = universe.utterances.filter(({ author }) => author === universe.liar)
  return { what: 'hears', utterances: [random.pick(random.chance(0.5) && said.length > 0 ? said : lies)] }
}
