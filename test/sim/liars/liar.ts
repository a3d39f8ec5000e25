import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import type { BuildSpec, RoundState } from '../../../src/rounds/state.ts'
import type { FakeBase } from '../../support/rounds/fusion.ts'
import type { Random } from '../../support/rounds/random.ts'
import type { Decision } from '../disk.ts'
import type { Host } from '../host.ts'

/** Something said to these hosts, or to all: signed by the liar, or any bytes. */
export type Utterance = { readonly to?: readonly number[] } & (
  | { readonly saying: Saying }
  | { readonly bytes: Uint8Array }
)

export interface LiarTools {
  readonly state: RoundState
  readonly index: number
  readonly random: Random
  /** What it wants to remember. */
  readonly notes: Set<string>
  /** Everything that it signed. */
  readonly spoken: readonly Signed<RoundMessage>[]
  others(): readonly number[]
  /** Other liars. */
  accomplices(): readonly number[]
  /** What this host built itself. */
  baseOf(base: CID): FakeBase | null
  build(spec: BuildSpec): FakeBase
  /** Signs without saying; as a message of another network if there is one. */
  sign(saying: Saying, network?: CID): Signed<RoundMessage>
  contributions(): readonly Signed<Contribution>[]
}

/** A member that runs the machine and says something else. */
export interface Liar {
  readonly name: string
  /** Gives nobody the bytes of its proposals and checkpoints, and answers no sync. */
  readonly withholds?: boolean
  /** The same towards some. */
  readonly withholdsFrom?: (index: number) => boolean
  /** Never takes a base for final, and so goes on in the round. */
  readonly isStubborn?: boolean
  /** What goes out in place of an honest saying. */
  speak(saying: Saying, tools: LiarTools): readonly Utterance[]
  /** What it says on top when it hears something. */
  hear?(message: RoundMessage, tools: LiarTools): readonly Utterance[]
  /** The chain that it shows to those who ask; its own by default. */
  chain?(self: Host): readonly Decision[]
}

/** Whether it keeps its bytes from this host. */
export function withholds(liar: Liar | null, from: number): boolean {
  return liar !== null && (liar.withholds === true || liar.withholdsFrom?.(from) === true)
}

export type Vote = Extract<Saying, { kind: 'prevote/1' | 'precommit/1' }>
export type Proposing = Extract<Saying, { kind: 'proposal/1' }>

export const isVote = (saying: Saying): saying is Vote => saying.kind === 'prevote/1' || saying.kind === 'precommit/1'

/** The others in two parts, at random. */
export function split({ others, random }: LiarTools): readonly [readonly number[], readonly number[]] {
  const shuffled = random.shuffle(others())
  const at = random.integer(0, shuffled.length)
  return [shuffled.slice(0, at), shuffled.slice(at)]
}

/** The same proposal of a base made of something else; unchanged when there is nothing to change. */
export function reproposed(saying: Saying, tools: LiarTools, change: (spec: BuildSpec) => BuildSpec): Saying {
  if (saying.kind !== 'proposal/1' || saying.validView !== null) return saying
  const built = tools.baseOf(saying.base)
  if (!built) return saying
  const lie = tools.build(change(built.spec))
  return { ...saying, base: lie.base, lineage: lie.lineage }
}
