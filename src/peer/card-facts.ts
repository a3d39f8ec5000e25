import type { CID } from 'multiformats/cid'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { CardFacts } from '../checkpoint/card.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import { namedByRollback } from '../rounds/rollback.ts'
import type { BuildSpec } from '../rounds/state.ts'

/** What a base's card says: a function of genesis and lineage. */
export function cardFacts(
  { id, genesis, terms }: NetworkFacts,
  made: Pick<BuildSpec, 'round' | 'inputs' | 'excluded'> & {
    readonly parent: CID
    readonly weights: CID
    /** The ratification in its lineage, where there is one. */
    readonly amendment: Uint8Array | null | undefined
  },
): CardFacts {
  const rollback = namedByRollback(made.amendment)
  return {
    network: String(id),
    networkName: genesis.name,
    round: made.round,
    parent: String(made.parent),
    weights: String(made.weights),
    rule: terms.fusion.rule,
    inputs: made.inputs.map(({ id, author, checkpoint, signed }) => {
      const { name, task, rows, license } = signed.message.dataset
      return {
        id: String(id),
        author: toHex(author),
        checkpoint: String(checkpoint),
        datasetName: name,
        task,
        rows,
        license: license ?? null,
      }
    }),
    ...(rollback === null ? {} : { rolledBackTo: String(rollback) }),
    excluded: made.excluded.map(({ contribution, reason }) => ({ id: String(contribution.id), reason })),
  }
}
