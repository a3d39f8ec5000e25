import { type Amendment, amendment, approval } from '../../../protocols/membership/messages.ts'
import { ratify } from '../../../protocols/membership/rules.ts'
import { faultsOf } from '../../../protocols/wire/election.ts'
import type { NetworkFacts } from '../../../src/rounds/network.ts'
import { sign } from '../../support/protocols/network.ts'
import { createRandom, type Random } from '../../support/rounds/random.ts'
import type { Simulation } from '../create-simulation.ts'
import type { Host } from '../host.ts'
import { rollbackFor } from './rollbacks.ts'
import type { Settings } from './settings.ts'

/** Longer than a round may take in calm: some members get an amendment too late for a round, and others in time. */
const LATEST_MS = 4000

/**
 * Members approve one amendment after the other while rounds go on: one is added, one removed, the policy changes. Each host
 * is handed what a quorum approved at its own time in each round, until it is embedded. In some schedules they roll back.
 */
export function planAmendments(simulation: () => Simulation, settings: Settings, random: Random): (host: Host) => void {
  const changes = new Map<string, Uint8Array | null>()
  const own = createRandom(settings.seed * 104_729 + 11)
  return (host) => {
    const { head } = host.disk
    const { regime } = head
    // The same for all whose head is the same.
    const name = `${head.base} ${regime.last}`
    let ratification = changes.get(name)
    if (ratification === undefined) {
      ratification = ratified(simulation(), settings, { random, own }, host)
      changes.set(name, ratification)
    }
    if (ratification && random.chance(0.9)) host.ratify(ratification, random.integer(0, LATEST_MS))
  }
}

function ratified(
  simulation: Simulation,
  settings: Settings,
  { random, own }: { readonly random: Random; readonly own: Random },
  host: Host,
): Uint8Array | null {
  const { current, next, last } = host.disk.head.regime
  const rollback = settings.isRolledBack && own.chance(0.85) ? rollbackFor(host, own) : null
  const change = rollback ?? changeOf(simulation, settings, random, next)
  if (!change) return null
  const { net, hosts, record } = simulation
  const bytes = amendment.encode({ network: net.network, previous: last, change })
  const members = hosts.filter(({ key }) => current.isMember(key.publicKey))
  const approvals = random
    .shuffle(members)
    .map(({ key }) => sign(approval, { network: net.network, amendment: bytes }, key))
  record.approvals.push(...approvals)
  simulation.trace.note(null, () => `amendment for round ${host.state.round + 2}: ${Object.keys(change).join(' and ')}`)
  return ratify(approvals, current.quorum)
}

type Change = Amendment['change']

/** Null when no change is possible that leaves the faulty members a minority that the quorum bears. */
function changeOf({ hosts }: Simulation, { down }: Settings, random: Random, next: NetworkFacts): Change | null {
  const members = hosts.filter(({ key }) => next.isMember(key.publicKey))
  const isFaulty = ({ liar, index }: Host) => liar !== null || down.includes(index)
  const bears = (committee: readonly Host[]) =>
    committee.filter(isFaulty).length <= faultsOf(committee.length, next.terms.quorum)
  const outside = hosts.filter((host) => !host.liar && !members.includes(host))
  const added = outside.length > 0 ? random.pick(outside) : null
  const removable = members.filter((host) => members.length > 1 && bears(members.filter((other) => other !== host)))
  const removed = removable.length > 0 ? random.pick(removable) : null
  const round = { maxViews: next.terms.round.maxViews === 3 ? 5 : 3, graceMs: 100 * random.integer(0, 3) }
  const kinds: readonly (Change | null)[] = [
    added && bears([...members, added]) ? { add: [{ name: `added-${added.index}`, key: added.key.publicKey }] } : null,
    removed && { remove: [removed.key.publicKey] },
    { round },
  ]
  const possible = kinds.flatMap((kind) => (kind ? [kind] : []))
  return possible.length > 0 ? random.pick(possible) : null
}
