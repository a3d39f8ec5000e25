import type { ContributionStatus, JoinEvent, PeerEvent } from 'coldmesh'
import { peerEvent } from '../control/shapes.ts'
import { short, show } from '../text/escape.ts'
import { describeEvent, percent } from '../text/events.ts'
import type { Output } from '../text/output.ts'
import { describeWait } from '../text/wait.ts'
import type { ChildEvent } from './child.ts'
import type { DemoPeer } from './network.ts'

export interface Narrator {
  /** A line of the demo itself. */
  say(text: string): void
  event(peer: DemoPeer, event: ChildEvent): void
}

type AnyEvent = PeerEvent | JoinEvent

/** Tells what the peers do, a line each: who trains, fetches, votes, and why it waits. */
export function createNarrator(output: Output, startedAt: number): Narrator {
  const { colors } = output
  const peersByKey = new Map<string, DemoPeer>()
  const lastWait = new Map<string, string>()
  const told = new Set<string>()
  const clock = (): string => colors.dim(`${Math.round((performance.now() - startedAt) / 1000)} s`.padStart(5))
  const line = (who: string, text: string): string => `${clock()}  ${who.padEnd(8)} ${text}`

  const nameOf = (key: string): string => peersByKey.get(key)?.name ?? short(key)
  const once = (key: string, text: string): string | null => {
    if (told.has(key)) return null
    told.add(key)
    return text
  }

  const tell = (peer: DemoPeer, event: AnyEvent): string | null => {
    switch (event.type) {
      case 'waiting': {
        if (lastWait.get(peer.name) === event.wait.what) return null
        lastWait.set(peer.name, event.wait.what)
        return colors.dim(`waits for ${describeWait(event.wait)}`)
      }
      case 'training':
        return once(`training ${peer.name} ${event.round}`, `trains ${show(event.task)}, ${event.steps} steps`)
      case 'trained':
        return `trained ${show(event.task)} in ${event.seconds.toFixed(1)} s: held-out accuracy ${percent(event.after)}`
      case 'contribution':
        return tellContribution(peer, event.contribution, nameOf)
      case 'proposed':
        return once(
          `proposed ${event.round} ${event.view}`,
          `learned of ${show(event.by)}'s proposal ${short(event.base)}`,
        )
      case 'voted':
        return event.base === null
          ? `${event.step} against: ${show(event.reason ?? 'no reason given')}`
          : `fused the same bytes: ${event.step} for ${short(event.base)}`
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
    event: (peer, event) => {
      peersByKey.set(peer.key, peer)
      const { event: type, ...fields } = event
      output.progress({ peer: peer.name, ...event }, () => {
        if (type === 'contributing-failed') return line(peer.name, colors.red(JSON.stringify(fields['error'])))
        if (type === 'ready') return line(peer.name, `is ready: task ${peer.task.name}`)
        const parsed = peerEvent.safeParse({ type, ...fields })
        const text = parsed.success ? tell(peer, parsed.data) : null
        return text === null ? null : line(peer.name, text)
      })
    },
  }
}

function tellContribution(
  peer: DemoPeer,
  { author, task, state, reason }: ContributionStatus,
  nameOf: (key: string) => string,
): string | null {
  if (author === peer.key) return null
  if (state === 'held') return `fetched and checked ${show(task)} by ${nameOf(author)}`
  return state === 'refused' ? `refused ${show(task)} by ${nameOf(author)}: ${show(reason ?? '')}` : null
}
