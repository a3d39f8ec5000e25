import type { Approval } from '../../protocols/membership/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect } from '../../src/rounds/events.ts'
import type { SignedContribution } from '../../src/rounds/state.ts'
import type { Decision } from './disk.ts'
import type { Violation } from './properties/names.ts'

/** A message that a key signed, said to somebody or to nobody. */
export interface Spoken {
  readonly atMs: number
  readonly host: number
  readonly signed: Signed<RoundMessage>
}

export interface Adoption {
  readonly atMs: number
  readonly host: number
  readonly decision: Decision
}

export interface Accusation {
  readonly atMs: number
  readonly host: number
  readonly evidence: Extract<RoundEffect, { type: 'evidence' }>
}

/** What a host held when it said the first list of a round. */
export interface FirstList {
  readonly host: number
  readonly round: number
  readonly list: Signed<RoundMessage>
  readonly held: readonly SignedContribution[]
}

/** A round that a host began, for the first time or again after a crash. */
export interface Begun {
  readonly atMs: number
  readonly host: number
  readonly round: number
}

export interface EnteredView extends Begun {
  readonly view: number
}

/** A message of a liar that an honest host was given in the right round, and did not find stale. */
export interface Heard {
  readonly host: number
  /** Number of the host's life: it forgets with each. */
  readonly life: number
  readonly signed: Signed<RoundMessage>
}

/** Everything that happened, for whoever judges the run afterwards. */
export interface RunRecord {
  readonly spoken: Spoken[]
  readonly adoptions: Adoption[]
  readonly accusations: Accusation[]
  readonly firstLists: FirstList[]
  readonly begun: Begun[]
  readonly views: EnteredView[]
  readonly heard: Heard[]
  /** Members' consents to amendments. */
  readonly approvals: Signed<Approval>[]
  /** What a host met that must not be, noted where it happened. */
  readonly faults: Violation[]
}

export function createRecord(): RunRecord {
  return {
    spoken: [],
    adoptions: [],
    accusations: [],
    firstLists: [],
    begun: [],
    views: [],
    heard: [],
    approvals: [],
    faults: [],
  }
}
