import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { RoundEffect } from '../../../src/rounds/events.ts'
import type { Head, RoundState } from '../../../src/rounds/state.ts'
import type { TestKey } from '../protocols/network.ts'
import type { FakeBase } from './fusion.ts'
import type { Liar } from './liars.ts'

export type Untimed<E> = E extends unknown ? Omit<E, 'now'> : never

/** When this host dies: at the n-th write to its journal (from 0), before the record is durable or after. */
export interface CrashPlan {
  readonly step: number
  readonly stage: 'before-journal' | 'after-journal'
  readonly downMs: number
}

export interface Decision {
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
  readonly lineage: Uint8Array
  readonly atMs: number
}

/** What survives a crash. */
export interface Disk {
  /** Everything that was written before something was said. */
  journal: Signed<Contribution | RoundMessage>[]
  readonly bases: Map<string, FakeBase>
  readonly lineages: Map<string, Uint8Array>
  readonly checkpoints: Set<string>
  readonly chain: Decision[]
  head: Head
}

/** One peer around the machine: disk, timers and transfers, all in virtual time. */
export interface Host {
  readonly index: number
  readonly key: TestKey
  readonly liar: Liar | null
  readonly state: RoundState
  readonly isUp: boolean
  readonly chain: readonly Decision[]
  readonly disk: Disk
  /** Everything that this host signed, restarts included. */
  readonly spoken: readonly Signed<RoundMessage>[]
  /** Effects that tests look at. */
  readonly effects: readonly RoundEffect[]
  readonly journalSteps: number
  crashPlan: CrashPlan | null
  start(): void
  crash(): void
  restart(): void
  receive(signed: Signed<Contribution | RoundMessage>): void
  /** Asks another host what it holds. */
  pullFrom(other: Host): void
}

/** For messages in failures. */
export function describeHost({ index, state, isUp, chain }: Host): string {
  const { round, view, phase, locked, valid } = state
  const lock = locked ? `locked@${locked.view}` : 'unlocked'
  const lists = [...state.lists.keys()].map((author) => author.slice(0, 4)).join()
  const carried = valid ? `valid@${valid.view}` : ''
  return `host ${index} ${toHex(state.self ?? new Uint8Array()).slice(0, 4)} ${isUp ? 'up' : 'down'} round ${round} view ${view} ${phase} ${lock} ${carried} lists ${lists} decided ${chain.length}`
}
