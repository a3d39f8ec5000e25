import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'

/** What happened, for people: time, who, what. Costs nothing while nobody listens. */
export interface Trace {
  readonly isOn: boolean
  /** `what` is asked for only when somebody listens. */
  note(who: number | null, what: () => string): void
  readonly lines: readonly string[]
}

export function createTrace(isOn: boolean, now: () => number): Trace {
  const lines: string[] = []
  return {
    isOn,
    lines,
    note: (who, what) => {
      if (!isOn) return
      const at = `${(now() / 1000).toFixed(3)}s`.padStart(10)
      lines.push(`${at}  ${who === null ? '--' : `h${who}`}  ${what()}`)
    },
  }
}

const short = (id: { toString(): string } | null) => (id === null ? 'nil' : String(id).slice(-6))

/** A message in one line: kind, round and slot, and what it is about. */
export function nameOf({ message }: Signed<Contribution | RoundMessage>): string {
  switch (message.kind) {
    case 'contribution/1':
      return `contribution r${message.round} ${short(message.checkpoint)}`
    case 'list/1':
      return `list r${message.round} #${message.seq} [${message.contributions.map(short).join(' ')}]`
    case 'proposal/1': {
      const carried = message.validView === null ? '' : ` carried from v${message.validView}`
      return `proposal r${message.round} v${message.view} ${short(message.base)}${carried}`
    }
    case 'prevote/1':
    case 'precommit/1':
      return `${message.kind.slice(0, -2)} r${message.round} v${message.view} ${short(message.base)}`
  }
}
