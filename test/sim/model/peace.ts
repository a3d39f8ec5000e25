import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { timerName } from '../../../src/rounds/timeouts.ts'
import { type Happening, happen, type Member } from './member.ts'
import { type Universe, type Utterance, VIEWS } from './universe.ts'

/** The liar's view, one in which members still differ, one to decide in, and one to spare. */
const LAST_VIEW = VIEWS + 3

/**
 * A fair continuation: what an honest member says or holds reaches all, timers fire only if the machine set them and when
 * nothing else is left to happen, and the liar says nothing more. Returns the view in which all had decided one base; null
 * when that never came.
 */
export function viewOfPeace(universe: Universe, members: readonly Member[]): number | null {
  let now = members.map(withoutTimers)
  const log: Signed<RoundMessage>[] = backingsOf(universe, members).map(({ signed }) => signed)
  const heard = members.map(() => 0)
  for (;;) {
    now = now.map((member) => happen(universe, member, { what: 'journaled' }))
    const spoken = now.flatMap(({ said, later }) => [...said.map(({ signed }) => signed), ...later])
    log.push(...spoken.filter((signed) => !log.includes(signed)))
    if (heard.some((count) => count < log.length)) {
      now = now.map((member, i) => {
        const fresh = log.slice(heard[i])
        heard[i] = log.length
        return happen(universe, member, { what: 'hears', utterances: fresh.map((signed) => ({ signed })) })
      })
      continue
    }
    const isDecided = now.every(({ state }) => state.phase === 'adopt')
    const view = Math.max(...now.map(({ state }) => state.view))
    if (isDecided) return now.some(({ broken }) => broken.length > 0) ? null : view
    const timeouts = now.map(timeoutOf)
    if (view > LAST_VIEW || timeouts.every((timeout) => timeout === null)) return null
    now = now.map((member, i) => {
      const timeout = timeouts[i]
      return timeout ? happen(universe, member, timeout) : member
    })
  }
}

/** The exploration lets any timer fire; here the machine sets them anew. */
function withoutTimers(member: Member): Member {
  return { ...member, state: { ...member.state, timers: new Set() } }
}

function timeoutOf({ state }: Member): Happening | null {
  if (state.phase === 'adopt') return null
  const kinds =
    state.phase === 'propose' || state.phase === 'prevote'
      ? [state.phase, 'precommit' as const]
      : ['precommit' as const]
  const kind = kinds.find((one) => state.timers.has(timerName(state, one)))
  return kind ? { what: 'timeout', kind } : null
}

/** The liar's prevotes that somebody's lock, or what it carries, rests on: who holds them passes them on. */
export function backingsOf({ utterances, liar }: Universe, members: readonly Member[]): readonly Utterance[] {
  const carried = members.flatMap(({ state: { locked, valid } }) => [locked, valid].flatMap((one) => one ?? []))
  return utterances.filter(
    ({ author, signed: { message } }) =>
      author === liar &&
      message.kind === 'prevote/1' &&
      message.base !== null &&
      carried.some(({ view, base }) => view === message.view && equalCids(base, message.base)),
  )
}
