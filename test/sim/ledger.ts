import type { CID } from 'multiformats/cid'
import { isOpenedLineage } from '../../protocols/lineage/rules.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { nextHead } from '../../src/rounds/head.ts'
import { lineageView } from '../../src/rounds/views.ts'
import type { FakeBase } from '../support/rounds/fusion.ts'
import type { Decision } from './disk.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

const RETRY_MS = 1000

/** The chain of bases that one host adopts. */
export interface Ledger {
  /** It has the bases of all rounds: it answers those that ask, and takes part no more. */
  readonly isRetired: boolean
  /** Puts a base onto the disk. */
  keep(built: FakeBase): FakeBase
  /** The base of a decision: from our own store, else from whoever has it. */
  adopt(base: CID, certificate: Uint8Array): void
  /** Checks a decided base against our head, as anybody would, and goes on to the next round. */
  enter(decision: Omit<Decision, 'round' | 'atMs'>): boolean
}

export function createLedger(options: {
  readonly world: World
  readonly host: () => Host
  /** Later, unless the host died or moved on meanwhile. */
  readonly later: (delayMs: number, action: () => void) => void
  /** Our own machine decided what does not hold. */
  readonly onRefused: (round: number) => void
  /** The head is another one now. */
  readonly onEntered: () => void
}): Ledger {
  const { world, host, later } = options
  const { agenda, machine, record, trace } = world
  const isRetired = () => host().disk.head.round >= world.rounds

  function keep(built: FakeBase): FakeBase {
    const { disk } = host()
    disk.bases.set(String(built.base), built)
    disk.lineages.set(String(built.lineage), built.bytes)
    return built
  }

  function adopt(base: CID, certificate: Uint8Array): void {
    later(host().pace.adoptMs, () => {
      const others = world.hosts.filter((other) => world.canReach(host(), other) && !other.liar)
      const holder = [host(), ...others].find((other) => other.disk.bases.has(String(base)))
      const found = holder?.disk.bases.get(String(base))
      if (!found) {
        later(RETRY_MS, () => adopt(base, certificate))
        return
      }
      const { round } = host().state
      const isEntered = enter({ base, certificate, lineage: keep(found).bytes })
      if (!isEntered && !isRetired()) options.onRefused(round)
    })
  }

  function enter({ base, certificate, lineage }: Omit<Decision, 'round' | 'atMs'>): boolean {
    const { index, disk, state } = host()
    const { round, network } = state
    if (isRetired()) return false
    const opened = machine.openLineage(lineage, lineageView(disk.head))
    const read = machine.openCertificate(certificate, { ...network, network: network.id })
    const isCertified = 'base' in read && equalCids(read.base, base) && read.round === round
    if (!isOpenedLineage(opened) || !isCertified) {
      trace.note(index, () => `refuses a base of r${round}`)
      return false
    }
    const decision: Decision = { round, base, certificate, lineage, atMs: agenda.now }
    disk.chain.push(decision)
    if (machine.habits.keepsLineages) disk.records.set(String(base), lineage)
    record.adoptions.push({ atMs: agenda.now, host: index, decision })
    trace.note(index, () => `adopts r${round} ${String(base).slice(-6)}`)
    disk.head = nextHead(disk.head, { base, opened, certificate })
    options.onEntered()
    return true
  }

  return {
    get isRetired() {
      return isRetired()
    },
    keep,
    adopt,
    enter,
  }
}
