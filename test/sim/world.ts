import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { RoundEffect } from '../../../src/rounds/events.ts'
import type { NetworkFacts } from '../../../src/rounds/network.ts'
import type { createRound, reduce } from '../../../src/rounds/reduce.ts'
import type { Agenda } from './agenda.ts'
import type { Host } from './host.ts'
import type { Random } from './random.ts'

/** The machine under test; tests put broken ones in its place. */
export interface Machine {
  readonly createRound: typeof createRound
  readonly reduce: typeof reduce
}

export interface OfferedContribution {
  readonly signed: Signed<Contribution>
  /** Whether its author gives its bytes to this host. */
  readonly servedTo: (index: number) => boolean
  /** Why its bytes are refused by everybody; null when they are fine. */
  readonly defect: string | null
}

/** What a host sees of everything around it. */
export interface World {
  readonly agenda: Agenda
  readonly random: Random
  readonly facts: NetworkFacts
  readonly machine: Machine
  readonly hosts: readonly Host[]
  readonly contributions: readonly OfferedContribution[]
  /** Rounds after which hosts stop. */
  readonly rounds: number
  latency(): number
  hostOf(key: Uint8Array): Host | null
  canReach(from: Host, to: Host): boolean
  /** To all others, or to some, over links that may lose it. */
  broadcast(from: Host, signed: Signed<RoundMessage>, to?: readonly number[]): void
  /** To one host, over a stream: late, but not lost. */
  send(to: Host, signed: Signed<Contribution | RoundMessage>): void
  noteSpoken(host: Host, signed: Signed<RoundMessage>): void
  noteDecision(host: Host, round: number, base: CID): void
  noteEvidence(host: Host, effect: Extract<RoundEffect, { type: 'evidence' }>): void
  noteViolation(violation: string): void
}
