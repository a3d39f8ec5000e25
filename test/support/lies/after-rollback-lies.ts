import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { addRound, readLineage, type TestChain, type TestRoundOptions } from '../history/build-chain.ts'
import { addRounds, baseOf, checkpointOf, rollBack, threeToRevert } from '../history/rollbacks.ts'
import { byId, contributionIn, type Tell, type ToldLie } from './lie.ts'

/** What a quorum takes or leaves out, against the rules, after a rollback in round 4 to the base of round 1. */

interface Case {
  readonly name: string
  readonly chain: TestChain
  readonly options: TestRoundOptions
  readonly tell: Tell
  readonly reason?: string
}

/** What an honest round leaves out is an input. */
const taken =
  (checkpoint: CID): Tell =>
  (honest) => {
    const found = honest.excluded.find(({ envelope }) => equalCids(contributionIn(envelope).checkpoint, checkpoint))
    if (found === undefined) throw new Error('an honest round leaves it out')
    const excluded = honest.excluded.filter((each) => each !== found)
    return { ...honest, inputs: byId([...honest.inputs, found.envelope]), excluded }
  }

/** An honest round's input is left out. */
const refused =
  (checkpoint: CID, reason: 'parent' | 'replay'): Tell =>
  (honest) => {
    const envelope = honest.inputs.find((each) => equalCids(contributionIn(each).checkpoint, checkpoint))
    if (envelope === undefined) throw new Error('an honest round takes it')
    const inputs = honest.inputs.filter((each) => each !== envelope)
    return { ...honest, inputs, excluded: [...honest.excluded, { envelope, reason }] }
  }

const weightsOf = ({ head }: TestChain, round: number): CID => {
  const found = head.history.find((base) => base.round === round)
  if (found === undefined) throw new Error(`no base of round ${round} is known`)
  return found.weights
}

/** The amendment that round 4 embedded. */
const again: Tell = async (honest, chain) => {
  const { amendment } = await readLineage(chain.store, baseOf(chain, 4))
  const told = { ...honest, inputs: [], weights: weightsOf(chain, 1) }
  return amendment === undefined ? told : { ...told, amendment }
}

async function cases(card: Pick<Genesis, 'card'>): Promise<readonly Case[]> {
  const four = await rollBack(await threeToRevert(card), 1)
  const five = await addRounds(four, [{ seeds: [5, 6] }])
  const undone = await rollBack(four, 3)
  const inForce = await checkpointOf(four, 1)
  const reverted = await checkpointOf(four, 3)
  const fresh = await checkpointOf(four, 30)
  const weights = weightsOf(four, 2)
  const seeds = [7, 8]
  const late = (parent: number) => ({ chain: four, options: { seeds, late: [{ seed: 30, parent }] } })
  const offered = (checkpoint: CID) => ({ chain: four, options: { seeds, again: [checkpoint] } })
  return [
    { name: 'a late input for the round that was rolled back', ...late(3), tell: taken(fresh) },
    { name: 'a late input of a reverted base', ...late(2), tell: taken(fresh) },
    { name: 'a late input of the base that was rolled back to', ...late(1), tell: taken(fresh) },
    { name: 'a replay of what is in force after a rollback', ...offered(inForce), tell: taken(inForce) },
    { name: 'the weights of a reverted base as an input', ...offered(weights), tell: taken(weights) },
    { name: 'a reverted input, refused as a replay', ...offered(reverted), tell: refused(reverted, 'replay') },
    {
      name: 'a late input of the base of a rollback, refused',
      chain: five,
      options: { seeds, late: [{ seed: 30, parent: 4 }] },
      tell: refused(fresh, 'parent'),
    },
    {
      name: 'a replay of what is in force once a rollback is undone',
      chain: undone,
      options: { seeds, again: [reverted] },
      tell: taken(reverted),
    },
    { name: 'a rollback once more', chain: five, options: { seeds }, tell: again, reason: 'amendment-out-of-order' },
  ]
}

export async function* afterRollbackLies(card: Pick<Genesis, 'card'>): AsyncGenerator<ToldLie> {
  for (const { name, chain, options, tell, reason = 'lineage-other-inputs' } of await cases(card)) {
    const plain = await addRound(chain, options)
    const told = await tell(await readLineage(plain.store, plain.head.base), chain)
    const lie = await addRound(chain, { ...options, lie: { lineage: () => told } })
    yield { name, chain: lie, round: plain.head.round, link: 'lineage', reason, foundAt: 'signatures' }
  }
}
