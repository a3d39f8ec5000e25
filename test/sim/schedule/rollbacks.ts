import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Random } from '../../support/rounds/random.ts'
import type { Simulation } from '../create-simulation.ts'
import type { Host } from '../host.ts'

/** A rollback to one of the bases that this host's head allows; null where there is none. */
export function rollbackFor({ disk }: Host, random: Random) {
  const { history, weights } = disk.head
  const targets = history.slice(1).filter((ancestor) => !equalCids(ancestor.weights, weights))
  return targets.length === 0 ? null : { rollback: { base: random.pick(targets).base } }
}

/** What was in a base already, reverted or not, is offered again; and something that says an earlier round. */
export function offerAgain(simulation: Simulation, random: Random, round: number, { disk }: Host): void {
  const { head } = disk
  const spent = head.history.flatMap(({ inputs, weights }) => [...inputs, weights])
  const offer = (what: string, checkpoint: (typeof spent)[number]) =>
    simulation.contribute(`${what} of round ${round}`, { fields: { round, parent: head.base, checkpoint } })
  if (spent.length > 0 && random.chance(0.6)) offer('once more', random.pick(spent))
  if (head.inputs.length === 0 && spent.length > 0) offer('after it', random.pick(spent))
  const older = random.pick(head.history)
  if (random.chance(0.6))
    simulation.contribute(`older in round ${round}`, { fields: { round: older.round + 1, parent: older.base } })
}
