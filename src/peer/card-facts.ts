import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../protocols/lineage/messages.ts'
import { type Amendment, amendment, ratification } from '../../protocols/membership/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { idOf } from '../../protocols/wire/codec.ts'
import type { CardFacts, CardInput } from '../checkpoint/card.ts'
import type { Card3Facts } from '../checkpoint/card-3.ts'
import type { CardAmendment, CardRule } from '../checkpoint/card-amendment.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import { namedByRollback } from '../rounds/rollback.ts'
import type { BuildSpec, SignedContribution } from '../rounds/state.ts'

/** What a lineage says, its contributions opened. */
type Made = Pick<BuildSpec, 'round' | 'inputs' | 'excluded'> &
  Pick<Lineage, 'fusion'> & {
    readonly parent: CID
    readonly weights: CID
    /** The ratification in its lineage, where there is one. */
    readonly amendment?: Uint8Array | null | undefined
  }

/**
 * What a base's card says: a function of genesis and lineage, and of the terms that are in force in the round.
 * @param network as it is in that round
 */
export function cardFacts(network: NetworkFacts, made: Made): CardFacts | Card3Facts {
  return network.genesis.card === 'card/1' ? card1Facts(network, made) : card3Facts(network, made)
}

function card1Facts({ id, genesis, terms }: NetworkFacts, made: Made): CardFacts {
  const rollback = namedByRollback(made.amendment)
  return {
    network: String(id),
    networkName: genesis.name,
    round: made.round,
    parent: String(made.parent),
    weights: String(made.weights),
    rule: terms.fusion.rule,
    inputs: made.inputs.map(inputFacts),
    ...(rollback === null ? {} : { rolledBackTo: String(rollback) }),
    excluded: made.excluded.map(({ contribution, reason }) => ({ id: String(contribution.id), reason })),
  }
}

function card3Facts(network: NetworkFacts, made: Made): Card3Facts {
  const { norms, factors, ...fusion } = made.fusion
  return {
    ...card1Facts(network, made),
    card: 'card/3',
    ...ruleFacts(fusion),
    inputs: made.inputs.map((input, at) => {
      const { round, parent, dataset } = input.signed.message
      const [norm, factor] = [norms?.[at], factors?.[at]]
      return {
        ...inputFacts(input),
        round,
        parent: String(parent),
        commitment: toHex(dataset.commitment),
        clipping: norm === undefined || factor === undefined ? null : { norm: toHex(norm), factor },
      }
    }),
    excluded: made.excluded.map(({ contribution: { id, author, signed }, reason }) => {
      return { id: String(id), author: toHex(author), task: signed.message.dataset.task, reason }
    }),
    committee: network.terms.committee.map(named),
    votes: network.quorum,
    quorum: network.terms.quorum,
    amendment: made.amendment === undefined || made.amendment === null ? null : amendmentFacts(made.amendment),
  }
}

function inputFacts({ id, author, checkpoint, signed }: SignedContribution): CardInput {
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
}

/** @param embedded a ratification that was judged */
function amendmentFacts(embedded: Uint8Array): CardAmendment {
  const { amendment: bytes } = ratification.decode(embedded)
  return { id: String(idOf(bytes)), ...changeFacts(amendment.decode(bytes).change) }
}

function changeFacts(change: Amendment['change']): Omit<CardAmendment, 'id'> {
  const { add, remove, quorum, contributors, round, gate, fusion, rollback } = change
  return {
    ...(add === undefined ? {} : { add: add.map(named) }),
    ...(remove === undefined ? {} : { remove: remove.map(toHex) }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(contributors === undefined
      ? {}
      : { contributors: typeof contributors === 'string' ? contributors : contributors.map(toHex) }),
    ...(round === undefined ? {} : { round: Object.entries(round) }),
    ...(gate === undefined ? {} : { gate }),
    ...(fusion === undefined ? {} : { fusion: ruleFacts(fusion) }),
    ...(rollback === undefined ? {} : { rollback: String(rollback.base) }),
  }
}

function ruleFacts({
  rule,
  params,
}: {
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
}): CardRule {
  return { rule, params: Object.entries(params) }
}

const named = ({ name, key }: { readonly name: string; readonly key: Uint8Array }) => ({ name, key: toHex(key) })
