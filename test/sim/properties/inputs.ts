import { CID } from 'multiformats/cid'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { historyOf, type ReadBase } from './history.ts'
import { chooseInputs, type Offered } from './pipeline.ts'
import type { Property, Run } from './property.ts'
import { cidOf, DIRECTORY, fakeCid, RAW, type ReadLineage } from './reading.ts'

const bytesOf = (cid: string) => CID.parse(cid).bytes

function countsOf({ lists }: ReadLineage): (id: string) => number {
  const counts = new Map<string, number>()
  for (const { ids } of lists) for (const id of new Set(ids)) counts.set(id, (counts.get(id) ?? 0) + 1)
  return (id) => counts.get(id) ?? 0
}

const hasNoInputs = ({ isEmpty, rolledBackTo }: ReadBase) => isEmpty || rolledBackTo !== null

/** Those of the base before, or of where it goes back to. */
function weightsWithoutInputs(run: Run, { rolledBackTo }: ReadBase, before: readonly ReadBase[]): string {
  const from = rolledBackTo === null ? before[0] : before.find(({ base }) => base === rolledBackTo)
  return String(from?.weights ?? run.genesisWeights)
}

/** Inputs and weights of a base, chosen and fused again by a second implementation. */
export const S3: Property = {
  name: 'S3',
  title: 'base = fuse(inputs), also in an independent implementation',
  check: (run) =>
    historyOf(run).adopted.flatMap(({ read, before }) => {
      const { lineage, round } = read
      const offered = [...lineage.inputs, ...lineage.excluded.map(({ contribution }) => contribution)]
      const chosen = chooseInputs(run, round, offered, countsOf(lineage), before)
      const inputs = [...lineage.inputs].filter(({ id }) => hasNoInputs(read) || chosen.inputs.includes(id))
      const parentWeights = before[0] ? before[0].weights.bytes : bytesOf(run.genesisWeights)
      const weights = hasNoInputs(read)
        ? weightsWithoutInputs(run, read, before)
        : fakeCid(RAW, 'weights', parentWeights, ...inputs.map(({ checkpoint }) => checkpoint.bytes))
      const base = fakeCid(DIRECTORY, 'base', bytesOf(cidOf(RAW, read.lineageBytes)), bytesOf(weights))
      return base === read.base ? [] : [`the base of round ${round} is not the fusion of its inputs`]
    }),
}

/** Who is in follows from the lists; what every honest member held in time is; what one alone lists is not. */
export const S4: Property = {
  name: 'S4',
  title: 'the inclusion rule holds',
  check: (run) =>
    historyOf(run).adopted.flatMap(({ read, before }) => [
      ...(hasNoInputs(read) ? [] : wrongChoice(run, read, before)),
      ...leftOutOfLists(run, read, before),
    ]),
}

function wrongChoice(run: Run, { lineage, round }: ReadBase, before: readonly ReadBase[]): readonly string[] {
  const { faults, policy } = historyOf(run).committee(round)
  const timesListed = countsOf(lineage)
  const ids = new Set(lineage.lists.flatMap(({ ids }) => ids))
  const eligible = [...ids].filter((id) => timesListed(id) >= faults + 1)
  const offered = [...lineage.inputs, ...lineage.excluded.map(({ contribution }) => contribution)]
  const found: string[] = []
  if (eligible.length !== offered.length || offered.some(({ id }) => !eligible.includes(id)))
    found.push(`round ${round} decides on other contributions than f + 1 lists name`)
  const chosen = chooseInputs(run, round, offered, timesListed, before)
  const isSame =
    chosen.inputs.length === lineage.inputs.length &&
    lineage.inputs.every(({ id }) => chosen.inputs.includes(id)) &&
    lineage.excluded.every(({ contribution, reason }) => chosen.excluded.get(contribution.id) === reason)
  if (!isSame) found.push(`round ${round} has other inputs than the rule gives`)
  if (lineage.inputs.length < policy.minContributions)
    found.push(`round ${round} has ${lineage.inputs.length} inputs, and is not empty`)

  const firsts = run.record.firstLists.filter((one) => one.round === round && parentOf(one.list) === lineage.parent)
  const [first, ...rest] = firsts.map(({ list }) => idsOf(list))
  const inAll = (first ?? []).filter((id) => rest.every((other) => other.includes(id)))
  const censored = inAll.filter((id) => !offered.some((other) => other.id === id))
  if (censored.length > 0) found.push(`round ${round} leaves out what every honest member listed first`)
  return found
}

type FirstMessage = Run['record']['firstLists'][number]['list']
const parentOf = ({ message }: FirstMessage) => (message.kind === 'list/1' ? String(message.parent) : '')
const idsOf = ({ message }: FirstMessage): readonly string[] =>
  message.kind === 'list/1' ? message.contributions.map(String) : []

/** An honest member's first list names all that it held then and that could be an input, if there is room. */
function leftOutOfLists(run: Run, { round, lineage }: ReadBase, before: readonly ReadBase[]): readonly string[] {
  const { maxContributions } = historyOf(run).committee(round).policy
  return run.record.firstLists.flatMap(({ host, round: at, list, held }) => {
    if (at !== round || parentOf(list) !== lineage.parent || held.length > maxContributions) return []
    const listed = idsOf(list)
    const offered: Offered[] = held.map(({ id, author, round: of, parent, checkpoint }) => ({
      id: String(id),
      author: toHex(author),
      round: of,
      parent: String(parent),
      checkpoint,
    }))
    const named = new Set(offered.filter(({ id }) => listed.includes(id)).map(({ checkpoint }) => String(checkpoint)))
    const { inputs } = chooseInputs(run, round, offered, () => 1, before)
    const missing = offered.filter(({ id, checkpoint }) => inputs.includes(id) && !named.has(String(checkpoint)))
    return missing.map(
      ({ id }) => `host ${host} held ${id.slice(-6)} before its first list of round ${round}, and leaves it out`,
    )
  })
}

/** Nothing is fused that no honest member has; that no round is held up shows in L1. */
export const L6: Property = {
  name: 'L6',
  title: 'contributions whose bytes never arrive cannot hold a round',
  check: (run) => {
    const honest = run.hosts.filter((host) => !host.liar)
    return historyOf(run).adopted.flatMap(({ read }) =>
      read.lineage.inputs
        .filter(({ id }) => !honest.some(({ disk }) => disk.checkpoints.has(id)))
        .map(({ id }) => `an input of round ${read.round} that no honest member has: ${id.slice(-6)}`),
    )
  },
}
