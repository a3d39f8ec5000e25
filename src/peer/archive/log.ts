import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { type Failure, isMissing } from '../history/bad-link.ts'
import { openGenesisBase } from '../history/genesis.ts'
import { readLog } from '../history/log.ts'
import { walkHistory } from '../history/walk.ts'
import type { LogEntry } from '../types.ts'
import type { WholeArchive } from './whole-archive.ts'

/** Terms begin to hold in a round, ascending. */
type Changes = readonly { readonly from: number; readonly facts: NetworkFacts }[]

/**
 * The rounds of an archive, newest first. A file brings its own history along, so all of it is checked before any of it is told, as
 * `verify --level signatures` does: only then is it known who the committee of a round was.
 * @throws ColdmeshError `not-valid` naming the first bad link, `block-missing`, `aborted`
 */
export async function* readArchiveLog(opened: WholeArchive, signal?: AbortSignal): AsyncGenerator<LogEntry> {
  const { archive, network, store } = opened
  const changes = await readTerms(opened, signal)
  const termsAt = (round: number) => changes.findLast(({ from }) => from <= round)?.facts ?? network
  const { base, certificate } = archive
  yield* readLog({ network, termsAt, store, base, certificate, ...(signal && { signal }) })
}

async function readTerms({ archive, network, store }: WholeArchive, signal?: AbortSignal): Promise<Changes> {
  const genesis = await openGenesisBase(network, store, 'signatures')
  const { base, certificate } = archive
  const options = { network, facts: genesis.base, store, base, certificate, ...(signal && { signal }) }
  const walk = await walkHistory(options)
  requireGood(genesis.bad.map((link) => ({ round: 0, ...link })))
  requireGood(walk.gap === null ? [] : [walk.gap])
  const changes: { from: number; facts: NetworkFacts }[] = []
  for await (const { loaded, network: facts, bad } of walk.steps) {
    requireGood(bad.map((link) => ({ round: loaded.round, ...link })))
    if (changes.at(-1)?.facts !== facts) changes.push({ from: loaded.round, facts })
  }
  return changes
}

function requireGood([first]: readonly Failure[]): void {
  if (first === undefined) return
  const { round, link, reason } = first
  throw new ColdmeshError(
    isMissing(first) ? 'block-missing' : 'not-valid',
    `The history in this archive does not hold: round ${round}, ${link}: ${reason}`,
    { facts: { round, link }, hint: 'run coldmesh verify on it: nothing of it is told' },
  )
}
