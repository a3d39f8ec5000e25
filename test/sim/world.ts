import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { NetworkFacts } from '../../src/rounds/network.ts'
import type { BuildSpec, SignedContribution } from '../../src/rounds/state.ts'
import type { TestNetwork } from '../support/protocols/network.ts'
import type { Random } from '../support/rounds/random.ts'
import type { Agenda } from './agenda.ts'
import type { Host } from './host.ts'
import type { Machine } from './machine.ts'
import type { RunRecord } from './record.ts'
import type { Trace } from './trace.ts'
import type { Wires } from './wires.ts'

export interface OfferedContribution {
  readonly signed: Signed<Contribution>
  /** Whether its author gives its bytes to this host, now. */
  readonly servedTo: (index: number) => boolean
  /** Why its bytes are refused by everybody; null when they are fine. */
  readonly defect: string | null
}

/** Why a host refuses a base, and whom it blames; null: it does not. */
export type Gate = (
  host: number,
  spec: BuildSpec,
) => { readonly reason: string; readonly blamed: readonly SignedContribution[] } | null

/** What a host sees of everything around it. */
export interface World {
  readonly net: TestNetwork
  readonly agenda: Agenda
  readonly random: Random
  readonly wires: Wires
  readonly trace: Trace
  readonly record: RunRecord
  /** As honest members take them. */
  readonly facts: NetworkFacts
  readonly machine: Machine
  readonly hosts: readonly Host[]
  readonly contributions: ReadonlyMap<string, OfferedContribution>
  /** Rounds after which hosts stop. */
  readonly rounds: number
  /** What a host's own data say of a base made of these inputs; absent: it has none. */
  readonly gate?: Gate
  hostOf(key: Uint8Array): Host | null
  /** Whether one host can ask the other, and hear the answer. */
  canReach(from: Host, to: Host): boolean
  /** To all others, or to some, over links that may lose it. */
  broadcast(from: Host, signed: Signed<RoundMessage>, to?: readonly number[]): void
  /** The same for bytes that need not be a message. */
  broadcastBytes(from: Host, envelope: Uint8Array, to?: readonly number[]): void
  /** To one host, over a stream: late, but not lost. */
  send(from: Host, to: Host, signed: Signed<Contribution | RoundMessage>): void
  /** A host's head is now the base of this round. */
  noteHead(host: Host): void
  /** A host begins a round, for the first time or again. */
  noteBegun(host: Host): void
}
