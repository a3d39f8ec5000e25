import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { addRound, readLineage, type TestChain, type TestRoundOptions } from '../history/build-chain.ts'
import { addRounds, backTo, baseOf, checkpointOf, ratifiedNext, rollBack, threeToRevert } from '../history/rollbacks.ts'
import { testCid, testKeys } from '../protocols/network.ts'
import { byId, contributionIn, type ToldLie } from './lie.ts'

/**
 * Rollbacks that nobody may make, and what a quorum takes or leaves out afterwards. Where they are told there are three
 * rounds to revert, the third of them empty, and the network remembers three bases.
 */

type Told = Omit<Lineage, 'kind'>
const SHORT: Partial<Genesis['round']> = { historyRounds: 3, keepRounds: 3, maxStaleness: 2 }

function weightsOf({ head, facts }: TestChain, round: number): CID {
  const found = head.history.find((base) => base.round === round)?.weights ?? (round === 0 ? facts.weights : undefined)
  if (found === undefined) throw new Error(`no base of round ${round} is known`)
  return found
}

/** What the honest lineage of the round says instead. */
type Tell = (honest: Told, chain: TestChain) => Told | Promise<Told>

/** Told in a round that goes back to the base of round 1. */
const BACK: Readonly<Record<string, Tell>> = {
  'a rollback to other weights': (honest, chain) => ({ ...honest, weights: chain.facts.weights }),
  'a rollback that keeps the weights': (honest, chain) => ({ ...honest, weights: chain.head.weights }),
  'a rollback with inputs beside it': async (honest, chain) => {
    const { lists, inputs } = await ordinary(chain)
    return { ...honest, lists, inputs }
  },
  'a rollback with inputs beside it, and their fusion': async (honest, chain) => ({
    ...(await ordinary(chain)),
    ...amendmentOf(honest),
  }),
  'a rollback with exclusions beside it': async (honest, chain) => {
    const { lists, excluded } = await ordinary(chain)
    return { ...honest, lists, excluded }
  },
  'a rollback further back than is remembered': (honest, chain) => ({
    ...honest,
    amendment: backTo(chain, 0),
    weights: chain.facts.weights,
  }),
  'a rollback to a base with the same weights': (honest, chain) => ({
    ...honest,
    amendment: backTo(chain, 2),
    weights: chain.head.weights,
  }),
  "a rollback to the round's own base": (honest, chain) => ({
    ...honest,
    amendment: backTo(chain, 3),
    weights: chain.head.weights,
  }),
  'a rollback to a base of nobody': (honest, chain) => ({
    ...honest,
    amendment: ratifiedNext(chain, { rollback: { base: testCid('base of nobody') } }),
  }),
  'a rollback with another change': (honest, chain) => ({
    ...honest,
    amendment: ratifiedNext(chain, { rollback: { base: baseOf(chain, 1) }, round: { collectMs: 5 } }),
  }),
  'a rollback that too few approved': (honest, chain) => ({
    ...honest,
    amendment: backTo(chain, 1, chain.net.members.slice(0, 2)),
  }),
  'a rollback that a stranger approved': (honest, chain) => ({
    ...honest,
    amendment: backTo(chain, 1, [...chain.net.members.slice(0, 2), ...testKeys(1, 'stranger')]),
  }),
  'the weights of an earlier base, and no rollback': ({ amendment: _, ...honest }) => honest,
  'the weights of an earlier base, by an amendment of terms': (honest, chain) => ({
    ...honest,
    amendment: ratifiedNext(chain, { round: { collectMs: 5 } }),
  }),
  'a ratified rollback in an ordinary round': async (honest, chain) => ({
    ...(await ordinary(chain)),
    weights: chain.head.weights,
    ...amendmentOf(honest),
  }),
}

const amendmentOf = ({ amendment }: Told) => (amendment === undefined ? {} : { amendment })

/** A round with inputs and exclusions in the same place. */
async function ordinary(chain: TestChain): Promise<Told> {
  const plain = await addRound(chain, { seeds: [5, 6], isCrowded: true })
  return await readLineage(plain.store, plain.head.base)
}

/** What is left out for this reason is taken, or the other way round. */
const taken =
  (checkpoint: CID): Tell =>
  (honest) => {
    const found = honest.excluded.find(({ envelope }) => equalCids(contributionIn(envelope).checkpoint, checkpoint))
    if (found === undefined) throw new Error('an honest round leaves it out')
    const excluded = honest.excluded.filter((each) => each !== found)
    return { ...honest, inputs: byId([...honest.inputs, found.envelope]), excluded }
  }

const refused =
  (checkpoint: CID, reason: 'parent' | 'replay'): Tell =>
  (honest) => {
    const envelope = honest.inputs.find((each) => equalCids(contributionIn(each).checkpoint, checkpoint))
    if (envelope === undefined) throw new Error('an honest round takes it')
    return {
      ...honest,
      inputs: honest.inputs.filter((each) => each !== envelope),
      excluded: [...honest.excluded, { envelope, reason }],
    }
  }

interface Later {
  readonly name: string
  readonly chain: TestChain
  readonly options: TestRoundOptions
  readonly tell: Tell
}

/** Rounds after one that went back to the base of round 1. */
async function later(card: Pick<Genesis, 'card'>): Promise<readonly Later[]> {
  const four = await rollBack(await threeToRevert(card), 1)
  const [inForce, reverted, fresh] = [
    await checkpointOf(four, 1),
    await checkpointOf(four, 3),
    await checkpointOf(four, 30),
  ]
  const six = await addRounds(four, [{ seeds: [5, 6] }])
  const undone = await rollBack(four, 3)
  const late = (parent: number) => ({ chain: four, options: { seeds: [7, 8], late: [{ seed: 30, parent }] } })
  const again = (checkpoint: CID) => ({ chain: four, options: { seeds: [7, 8], again: [checkpoint] } })
  const badWeights = weightsOf(four, 2)
  return [
    { name: 'a late input for the round that was rolled back', ...late(3), tell: taken(fresh) },
    { name: 'a late input of a reverted base', ...late(2), tell: taken(fresh) },
    { name: 'a late input of the base that was rolled back to', ...late(1), tell: taken(fresh) },
    { name: 'a replay of what is in force after a rollback', ...again(inForce), tell: taken(inForce) },
    { name: 'the weights of a reverted base as an input', ...again(badWeights), tell: taken(badWeights) },
    { name: 'a reverted input, refused as a replay', ...again(reverted), tell: refused(reverted, 'replay') },
    {
      name: 'a late input of the base of a rollback, refused',
      chain: six,
      options: { seeds: [7, 8], late: [{ seed: 30, parent: 4 }] },
      tell: refused(fresh, 'parent'),
    },
    {
      name: 'a replay of what is in force once a rollback is undone',
      chain: undone,
      options: { seeds: [7, 8], again: [reverted] },
      tell: taken(reverted),
    },
    {
      name: 'a rollback once more',
      chain: six,
      options: { seeds: [7, 8] },
      tell: async (honest, chain) => ({
        ...honest,
        ...amendmentOf(await readLineage(chain.store, baseOf(chain, 4))),
        inputs: [],
        weights: weightsOf(chain, 1),
      }),
    },
  ]
}

/** A rollback that members ratify who were the committee two rounds before. */
async function byFormerCommittee(card: Pick<Genesis, 'card'>): Promise<TestChain> {
  const three = await threeToRevert({ ...card, round: SHORT })
  const [removed] = three.net.members
  if (removed === undefined) throw new Error('a committee has members')
  const amendment = ratifiedNext(three, { remove: [removed.publicKey] })
  const five = await addRounds(three, [{ seeds: [5, 6], amendment }, { seeds: [7, 8] }])
  const former = backTo(five, 3, five.net.members.slice(0, 3))
  const lie = { lineage: (honest: Lineage) => ({ ...honest, amendment: former }) }
  return await addRound(five, { amendment: backTo(five, 3), lie })
}

export async function* rollbackLies(card: Pick<Genesis, 'card'>): AsyncGenerator<ToldLie> {
  const told = { link: 'lineage', foundAt: 'signatures' } as const
  const three = await threeToRevert({ ...card, round: SHORT })
  const rolled = { amendment: backTo(three, 1) }
  const honest = await addRound(three, rolled)
  const said = await readLineage(honest.store, honest.head.base)
  for (const [name, tell] of Object.entries(BACK)) {
    const lineage = await tell(said, three)
    const chain = await addRound(three, { ...rolled, lie: { lineage: () => lineage } })
    yield { name, chain, round: 4, ...told }
    yield { name: `${name}, and a round on top`, chain: await addRound(chain, { seeds: [8, 9] }), round: 4, ...told }
  }
  for (const { name, chain, options, tell } of await later(card)) {
    const plain = await addRound(chain, options)
    const lineage = await tell(await readLineage(plain.store, plain.head.base), chain)
    yield {
      name,
      chain: await addRound(chain, { ...options, lie: { lineage: () => lineage } }),
      round: plain.head.round,
      ...told,
    }
  }
  yield { name: 'a rollback that a former committee ratified', chain: await byFormerCommittee(card), round: 6, ...told }
  const weights = await addRound(three, { ...rolled, lie: { weights: three.head.weights } })
  yield {
    name: 'a rollback whose directory has the reverted weights',
    chain: weights,
    round: 4,
    link: 'weights',
    foundAt: 'signatures',
  }
}
