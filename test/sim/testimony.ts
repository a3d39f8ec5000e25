import type { CID } from 'multiformats/cid'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { SignedContribution } from '../../src/rounds/state.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** What one host signed, and what it held when it said first what it holds: properties judge it by that. */
export interface Testimony {
  /** Everything, restarts included. */
  readonly spoken: readonly Signed<RoundMessage>[]
  /** Signed, and out of the host or on its disk. */
  note(signed: Signed<RoundMessage>): void
  /** The machine wants a round's first list said. */
  noteHeld(): void
  /** Its own data speak against this contribution: it lists it no more. */
  blame(id: CID): void
}

export function createTestimony({ world, host }: { readonly world: World; readonly host: () => Host }): Testimony {
  const { agenda, record } = world
  const spoken: Signed<RoundMessage>[] = []
  const noted = new Set<string>()
  const blamed = new Set<string>()
  let heldAtFirst: readonly SignedContribution[] = []
  return {
    spoken,
    note: (signed) => {
      if (noted.has(String(signed.id))) return
      noted.add(String(signed.id))
      spoken.push(signed)
      const { index, liar } = host()
      record.spoken.push({ atMs: agenda.now, host: index, signed })
      const { message } = signed
      if (message.kind === 'list/1' && message.seq === 0 && !liar)
        record.firstLists.push({ host: index, round: message.round, list: signed, held: heldAtFirst })
    },
    noteHeld: () => {
      const held = [...host().state.contributions.values()].filter((entry) => entry.state === 'held')
      heldAtFirst = held.map(({ contribution }) => contribution).filter(({ id }) => !blamed.has(String(id)))
    },
    blame: (id) => {
      blamed.add(String(id))
    },
  }
}
