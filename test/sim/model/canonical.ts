import type { RoundState } from '../../../src/rounds/state.ts'
import type { Member } from './member.ts'

/**
 * Two members with one text behave alike: all that the machine reads of a state is in it, in an order that does not depend
 * on what came first. Left out: the times for display, the names of timers already set (here any timer may fire), and what
 * no happening of the model changes (network, head, contributions, lists, amendments).
 */
export function canonicalText({ state, said, pending, broken }: Member): string {
  const { view, phase, locked, valid, choice, isCollectOver, isGraceOver, isGraceStarted, isGainOver } = state
  return [
    view,
    phase,
    locked ? `${locked.view} ${locked.base}` : '',
    valid ? `${valid.view} ${valid.base} ${valid.lineage}` : '',
    choice ? `${choice.view} ${choice.spec.lists.length} ${choice.spec.inputs.length}` : '',
    [isCollectOver, isGraceOver, isGraceStarted, isGainOver].map(Number).join(''),
    ...sorted('said', state.said),
    ...sorted('known', state.known),
    ...sorted(
      'proposals',
      [...state.proposals].map(([at, { id }]) => `${at} ${id}`),
    ),
    ...sorted('prevotes', votesOf(state.prevotes)),
    ...sorted('precommits', votesOf(state.precommits)),
    ...sorted(
      'doubles',
      [...state.doubles].flatMap(([slot, votes]) => votes.map(({ id }) => `${slot} ${id}`)),
    ),
    ...sorted(
      'reached',
      [...state.reached].map(([author, at]) => `${author} ${at}`),
    ),
    ...sorted('accused', state.accused),
    ...sorted(
      'lineages',
      [...state.lineages].map(([cid, lineage]) => `${cid} ${lineage.state}`),
    ),
    ...sorted(
      'builds',
      [...state.builds].map(([key, build]) => `${key} ${build.state}`),
    ),
    ...sorted(
      'uttered',
      said.map(({ text }) => text),
    ),
    pending?.text ?? '',
    ...broken,
  ].join('\n')
}

function sorted(name: string, texts: Iterable<string>): readonly string[] {
  return [name, ...[...texts].sort()]
}

function votesOf(votes: RoundState['prevotes'] | RoundState['precommits']): readonly string[] {
  return [...votes].flatMap(([view, byAuthor]) => [...byAuthor].map(([author, { id }]) => `${view} ${author} ${id}`))
}
