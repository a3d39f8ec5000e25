import type { NetworkFacts } from '../../../src/rounds/network.ts'
import type { TestNetwork } from '../../support/protocols/network.ts'
import type { Host } from '../host.ts'
import type { Machine } from '../machine.ts'
import type { RunRecord } from '../record.ts'
import type { OfferedContribution } from '../world.ts'
import type { PropertyName } from './names.ts'

/** The part of a run in which nothing goes wrong any more, but for at most f faulty members. */
export interface Peace {
  readonly sinceMs: number
  /** Highest view of an honest member then, and its round. */
  readonly round: number
  readonly view: number
  /** Members that stay down. */
  readonly down: ReadonlySet<number>
  /** Every honest member that is up decided every round before time was up. */
  readonly isDecided: boolean
  /** No group of members could reach a quorum from the start of the run until peace. */
  readonly wasSplit: boolean
  /** A round trip between any two hosts, with whatever they do in between. */
  readonly settleMs: number
}

/** One run, for its judges. */
export interface Run {
  readonly seed: number
  readonly net: TestNetwork
  /** The network's own numbers. */
  readonly facts: NetworkFacts
  readonly hosts: readonly Host[]
  readonly record: RunRecord
  readonly contributions: ReadonlyMap<string, OfferedContribution>
  readonly rounds: number
  /** CID of the weights of the genesis' base. */
  readonly genesisWeights: string
  readonly machine: Machine
  /** Null for a run that did not get so far. */
  readonly peace: Peace | null
}

/** What must hold of every run. */
export interface Property {
  readonly name: PropertyName
  readonly title: string
  /** In words, what does not hold. */
  check(run: Run): readonly string[]
}
