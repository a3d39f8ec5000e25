import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundState } from '../../src/rounds/state.ts'
import type { TestKey } from '../support/protocols/network.ts'
import type { Decision, Disk } from './disk.ts'
import type { Liar } from './liars/liar.ts'

export type Untimed<E> = E extends unknown ? Omit<E, 'now'> : never

/**
 * Where in the n-th thing that it says (from 0) a host dies: before anything is written, with the proof written and not the
 * message, with the message written and not fsynced, with it fsynced and not said, or just after saying it.
 */
export const CRASH_STAGES = ['before-journal', 'proof-written', 'written', 'after-journal', 'said'] as const
export type CrashStage = (typeof CRASH_STAGES)[number]

export interface CrashPlan {
  readonly step: number
  readonly stage: CrashStage
  readonly downMs: number
  /** A power cut: what is not fsynced is lost. Else only the process ends. */
  readonly isPowerCut?: boolean
  /** Dies again so many sayings later, for ever. */
  readonly every?: number
  /** How it dies after that; its step is counted from the restart. */
  readonly next?: CrashPlan
}

/** How long things take on one host, in virtual milliseconds. */
export interface Pace {
  readonly writeMs: number
  readonly fsyncMs: number
  readonly buildMs: number
  readonly adoptMs: number
  /** How late it answers whoever asks it for bytes. */
  readonly answerMs: number
}

export const QUICK: Pace = { writeMs: 1, fsyncMs: 1, buildMs: 20, adoptMs: 50, answerMs: 0 }

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
  /** Things said so far, restarts included. */
  readonly journalSteps: number
  crashPlan: CrashPlan | null
  pace: Pace
  start(): void
  crash(isPowerCut?: boolean): void
  restart(): void
  /** Dies for good: no restart that was planned brings it back. */
  end(): void
  receive(signed: Signed<Contribution | RoundMessage>): void
  /** Opens bytes that somebody sent, as the daemon does, and takes them in if they hold. */
  receiveBytes(envelope: Uint8Array): void
  /** Hands it an amendment that a quorum approved, after a while, if it is still in this round. */
  ratify(ratification: Uint8Array, delayMs: number): void
  /** Asks another host what it holds. */
  pullFrom(other: Host): void
}

/** For messages in failures. */
export function describeHost({ index, liar, state, isUp, chain }: Host): string {
  const { round, view, phase, locked, valid } = state
  const lock = locked ? `locked@${locked.view}` : 'unlocked'
  const lists = [...state.lists.keys()].map((author) => author.slice(0, 4)).join()
  const carried = valid ? `valid@${valid.view}` : ''
  const who = `${toHex(state.self ?? new Uint8Array()).slice(0, 4)}${liar ? ` (${liar.name})` : ''}`
  return `host ${index} ${who} ${isUp ? 'up' : 'down'} round ${round} view ${view} ${phase} ${lock} ${carried} lists ${lists} decided ${chain.length}`
}
