import type { Random } from '../../support/rounds/random.ts'
import type { Liar } from './liar.ts'
import { presentingLiar } from './presenting.ts'
import { censoringLiar, insertingLiar, misquotingLiar, uncertifiedLiar, wrongBaseLiar } from './proposing.ts'
import { forgingLiar, replayingLiar } from './replaying.ts'
import { rollingLiar } from './rolling.ts'
import { cunningLiar, doubleVotingLiar, equivocatingLiar, listingLiar, twoFacedLiar } from './voting.ts'
import { choosyLiar, silentLiar, withholdingLiar } from './withholding.ts'

/** Every way to lie that has a name. */
export const LIARS: readonly Liar[] = [
  silentLiar,
  withholdingLiar,
  choosyLiar,
  wrongBaseLiar,
  censoringLiar,
  insertingLiar,
  misquotingLiar,
  uncertifiedLiar,
  equivocatingLiar,
  cunningLiar,
  doubleVotingLiar,
  listingLiar,
  twoFacedLiar,
  replayingLiar,
  forgingLiar,
  presentingLiar,
]

/** And those that only schedules with rollbacks have. */
export const NAMED_LIARS: readonly Liar[] = [...LIARS, rollingLiar]

/** Lies now this way, now that: each thing that it says by another of these. */
export function mixtureOf(liars: readonly Liar[], random: Random): Liar {
  const pick = () => random.pick(liars)
  return {
    name: `mixed(${liars.map(({ name }) => name).join('+')})`,
    isStubborn: liars.some(({ isStubborn }) => isStubborn),
    speak: (saying, tools) => pick().speak(saying, tools),
    hear: (message, tools) => pick().hear?.(message, tools) ?? [],
    chain: (self) => pick().chain?.(self) ?? self.chain,
  }
}
