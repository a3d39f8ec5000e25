import type { ContributionStatus, JoinEvent, PeerEvent, Wait } from 'coldmesh'
import { peerEvent } from '../control/shapes.ts'
import { short, show } from '../text/escape.ts'
import { describeEvent } from '../text/events.ts'
import type { Output } from '../text/output.ts'
import { percent } from '../text/spread.ts'
import { describeWait } from '../text/wait.ts'
import type { ChildEvent } from './child.ts'
import type { DemoPeer } from './network.ts'

/** A wait that is over sooner is not worth a line. */
const WORTH_TELLING_MS = 2_000

export interface Narrator {
  /** A line of the demo itself. */
  say(text: string): void
  event(peer: DemoPeer, event: ChildEvent): void
  /** Tells no waits any more. */
  stop(): void
}

/** Tells what the peers do, a line each: who trains, fetches, votes, and why it waits. */
export function createNarrator(output: Output, startedAt: number): Narrator {
  const { colors } = output
  const namesByKey = new Map<string, string>()
  const waits = new Map<string, { wait: Wait; timer: NodeJS.Timeout }>()
  const told = new Set<string>()
  let isOver = false
  const clock = (): string => colors.dim(`${Math.round((performance.now() - startedAt) / 1000)} s`.padStart(5))
  const line = (who: string, text: string): string => `${clock()}  ${who.padEnd(8)} ${text}`
  const nameOf = (key: string): string => namesByKey.get(key) ?? short(key)

  /** Tells a wait once it lasted; a new one of the same kind only brings it up to date. */
  const onWait = (name: string, wait: Wait): void => {
    const before = waits.get(name)
    if (before?.wait.what === wait.what) {
      before.wait = wait
      return
    }
    clearTimeout(before?.timer)
    const tellLater = (): void => {
      const now = waits.get(name)
      if (now !== undefined) output.say(line(name, colors.dim(`waits for ${describeWait(now.wait)}`)))
    }
    waits.set(name, { wait, timer: setTimeout(tellLater, WORTH_TELLING_MS) })
  }

  const isFirst = (what: string): boolean => {
    if (told.has(what)) return false
    told.add(what)
    return true
  }

  const tell = (name: string, event: PeerEvent | JoinEvent, ownKey: string): string | null => {
    switch (event.type) {
      case 'training':
        return isFirst(`${name} trains in ${event.round}`) ? `trains ${show(event.task)}, ${event.steps} steps` : null
      case 'trained':
        return `trained ${show(event.task)} in ${event.seconds.toFixed(1)} s: held-out ${event.metric} ${percent(event.after)}`
      case 'contribution':
        return event.contribution.author === ownKey ? null : tellContribution(event.contribution, nameOf)
      case 'proposed':
        return event.by === name ? `is the aggregator and proposes base ${short(event.base)}` : null
      case 'voted':
        if (event.base === null)
          return colors.yellow(`${event.step} against: ${show(event.reason ?? 'no reason given')}`)
        return event.step === 'prevote' ? `fused the same bytes, prevotes for ${short(event.base)}` : 'precommits'
      case 'view':
        return event.view === 0 ? null : colors.yellow(describeEvent(event) ?? '')
      case 'refused':
      case 'muted':
      case 'evidence':
        return colors.yellow(describeEvent(event) ?? '')
      default:
        return null
    }
  }

  return {
    say: (text) => output.progress({ event: 'demo', text }, () => `${clock()}  ${text}`),
    event: ({ name, key, task }, event) => {
      namesByKey.set(key, name)
      const { event: type, ...fields } = event
      output.progress({ peer: name, ...event }, () => {
        if (type === 'contributing-failed') return line(name, colors.red(show(JSON.stringify(fields['error']))))
        if (type === 'ready') return line(name, `is ready: task ${task.name}`)
        const parsed = peerEvent.safeParse({ type, ...fields })
        if (!parsed.success) return null
        if (parsed.data.type === 'waiting' && !isOver) onWait(name, parsed.data.wait)
        const text = tell(name, parsed.data, key)
        return text === null ? null : line(name, text)
      })
    },
    stop: () => {
      isOver = true
      for (const { timer } of waits.values()) clearTimeout(timer)
      waits.clear()
    },
  }
}

function tellContribution(
  { author, task, state, reason }: ContributionStatus,
  nameOf: (key: string) => string,
): string | null {
  if (state === 'held') return `fetched and checked ${show(task)} by ${nameOf(author)}`
  return state === 'refused' ? `refused ${show(task)} by ${nameOf(author)}: ${show(reason ?? '')}` : null
}
