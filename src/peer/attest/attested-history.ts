import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { createReverts, namedByRollback } from '../../rounds/rollback.ts'
import type { Failure } from '../history/bad-link.ts'
import { openGenesisBase } from '../history/genesis.ts'
import type { HistoryStep } from '../history/step.ts'
import { walkHistory } from '../history/walk.ts'
import type { AttestedBase } from './attested-base.ts'
import { type ContributionJson, contributionJson } from './statements.ts'

/** One round, as far as an inventory of the whole history needs it. */
export interface AttestedRound {
  readonly round: number
  readonly base: string
  readonly parent: string
  readonly inputs: readonly ContributionJson[]
  /** The earlier base whose weights this round restored; null for one that is no rollback. */
  readonly rolledBackTo: string | null
  /** The round that went back past this one: its inputs are not in the weights. */
  readonly revertedBy: number | null
}

export interface AttestedHistory {
  /** How many rounds there are, the base's own with them; 0 for the genesis' base. */
  readonly length: number
  /** The same, oldest first; none where they were not asked for. */
  readonly rounds: readonly AttestedRound[]
  /** The base's own round; null for the genesis' base. */
  readonly own: HistoryStep | null
  /** What is in force in the base's round; null where the rounds before are not here to tell. */
  readonly facts: NetworkFacts | null
  /** What does not hold, or is missing, oldest first. */
  readonly failures: readonly Failure[]
}

/**
 * Reads a base's history and checks its signatures, certificates and choices of inputs (level `signatures`); reads no weights.
 * @param options.keepsRounds about 2 KiB an input; else memory does not grow with the history
 * @throws ColdmeshError `aborted`
 */
export async function readAttestedHistory(
  attested: AttestedBase,
  { keepsRounds, signal }: { readonly keepsRounds: boolean; readonly signal?: AbortSignal | undefined },
): Promise<AttestedHistory> {
  const { network, store, base, certificate } = attested
  const genesis = await openGenesisBase(network, store, 'signatures')
  const failures: Failure[] = genesis.bad.map((bad) => ({ round: 0, ...bad }))
  const options = { network, facts: genesis.base, store, base, certificate }
  const walk = await walkHistory(signal === undefined ? options : { ...options, signal })
  if (walk.gap !== null) failures.push(walk.gap)
  const rounds: Omit<AttestedRound, 'revertedBy'>[] = []
  let own: HistoryStep | null = null
  for await (const step of walk.steps) {
    const { loaded, contents, bad } = step
    const { round, lineage } = loaded
    for (const link of bad) failures.push({ round, ...link })
    const inputs = contents?.inputs ?? []
    if (keepsRounds) {
      const said = inputs.map((input) => contributionJson(input, network))
      const back = namedByRollback(lineage.amendment)
      rounds.push({
        round,
        base: String(loaded.base),
        parent: String(lineage.parent),
        inputs: said,
        rolledBackTo: back === null ? null : String(back),
      })
    }
    own = step
  }
  const isGenesis = equalCids(base, network.genesis.base)
  const facts = isGenesis ? network : (own?.parent?.regime.current ?? null)
  return { length: walk.total, rounds: withReverts(rounds), own, facts, failures }
}

/** @param rounds oldest first */
function withReverts(rounds: readonly Omit<AttestedRound, 'revertedBy'>[]): readonly AttestedRound[] {
  const revertedBy = createReverts()
  return rounds
    .toReversed()
    .map((one) => ({ ...one, revertedBy: revertedBy(one) }))
    .reverse()
}
