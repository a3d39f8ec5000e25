import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { Head } from '../../src/rounds/state.ts'
import type { FakeBase } from '../support/rounds/fusion.ts'

export type Recorded = Signed<Contribution | RoundMessage>

export interface Decision {
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
  readonly lineage: Uint8Array
  readonly atMs: number
}

/**
 * What survives a crash. The journal is written record by record, and each is fsynced before the next: what is written
 * survives the end of a process, what is not fsynced does not survive a power cut. Blocks and the chain are durable once
 * they are here.
 */
export interface Disk {
  readonly bases: Map<string, FakeBase>
  readonly lineages: Map<string, Uint8Array>
  readonly checkpoints: Set<string>
  /** Lineages of the chain, by base. */
  readonly records: Map<string, Uint8Array>
  readonly chain: Decision[]
  head: Head
  /** What a process that starts now would read. */
  readonly journal: readonly Recorded[]
  has(record: Recorded): boolean
  /** Written; durable only after the next `sync`. */
  write(record: Recorded): void
  sync(): void
  /** Forgets the rest, in one step. */
  keepOnly(isNeeded: (record: Recorded) => boolean): void
  /** What is not durable is gone, a torn record with it. */
  cutPower(): void
}

export function createDisk(head: Head): Disk {
  let journal: Recorded[] = []
  let durable = 0
  let names = new Set<string>()
  return {
    bases: new Map(),
    lineages: new Map(),
    checkpoints: new Set(),
    records: new Map(),
    chain: [],
    head,
    get journal() {
      return journal
    },
    has: ({ id }) => names.has(String(id)),
    write: (record) => {
      journal.push(record)
      names.add(String(record.id))
    },
    sync: () => {
      durable = journal.length
    },
    keepOnly: (isNeeded) => {
      durable = journal.slice(0, durable).filter(isNeeded).length
      journal = journal.filter(isNeeded)
      names = new Set(journal.map(({ id }) => String(id)))
    },
    cutPower: () => {
      journal = journal.slice(0, durable)
      names = new Set(journal.map(({ id }) => String(id)))
    },
  }
}
