import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { addRound, readLineage, type TestChain } from '../history/build-chain.ts'
import { addRounds, backTo, baseOf, ratifiedNext, threeToRevert } from '../history/rollbacks.ts'
import { testCid, testKeys } from '../protocols/network.ts'
import { afterRollbackLies } from './after-rollback-lies.ts'
import type { Tell, Told, ToldLie } from './lie.ts'

/** Rollbacks that nobody may make. Where they are told there are three rounds to revert, the third of them empty, and three bases are remembered. */

const SHORT: Partial<Genesis['round']> = { historyRounds: 3, keepRounds: 3, maxStaleness: 2 }

/** By what they are refused for; told in a round that goes back to the base of round 1. */
const BACK: Readonly<Record<string, Readonly<Record<string, Tell>>>> = {
  'lineage-rollback-other-weights': {
    'a rollback to other weights': (honest, chain) => ({ ...honest, weights: chain.facts.weights }),
    'a rollback that keeps the weights': (honest, chain) => ({ ...honest, weights: chain.head.weights }),
  },
  'lineage-rollback-with-contributions': {
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
    'a ratified rollback in an ordinary round': async (honest, chain) => ({
      ...(await ordinary(chain)),
      weights: chain.head.weights,
      ...amendmentOf(honest),
    }),
  },
  'amendment-no-earlier-base': {
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
  },
  'amendment-rollback-not-alone': {
    'a rollback with another change': (honest, chain) => ({
      ...honest,
      amendment: ratifiedNext(chain, { rollback: { base: baseOf(chain, 1) }, round: { collectMs: 5 } }),
    }),
  },
  'ratification-no-quorum': {
    'a rollback that too few approved': (honest, chain) => ({
      ...honest,
      amendment: backTo(chain, 1, chain.net.members.slice(0, 2)),
    }),
  },
  'ratification-signer-not-a-member': {
    'a rollback that a stranger approved': (honest, chain) => ({
      ...honest,
      amendment: backTo(chain, 1, [...chain.net.members.slice(0, 2), ...testKeys(1, 'stranger')]),
    }),
  },
  'lineage-empty-changes-weights': {
    'the weights of an earlier base, and no rollback': ({ amendment: _, ...honest }) => honest,
    'the weights of an earlier base, by an amendment of terms': (honest, chain) => ({
      ...honest,
      amendment: ratifiedNext(chain, { round: { collectMs: 5 } }),
    }),
  },
}

const amendmentOf = ({ amendment }: Told) => (amendment === undefined ? {} : { amendment })

/** A round with inputs and exclusions in the same place. */
async function ordinary(chain: TestChain): Promise<Told> {
  const plain = await addRound(chain, { seeds: [5, 6], isCrowded: true })
  return await readLineage(plain.store, plain.head.base)
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
  const told = { round: 4, link: 'lineage', foundAt: 'signatures' } as const
  const three = await threeToRevert({ ...card, round: SHORT })
  const rolled = { amendment: backTo(three, 1) }
  const honest = await addRound(three, rolled)
  const said = await readLineage(honest.store, honest.head.base)
  for (const [reason, lies] of Object.entries(BACK)) {
    for (const [name, tell] of Object.entries(lies)) {
      const lineage = await tell(said, three)
      const chain = await addRound(three, { ...rolled, lie: { lineage: () => lineage } })
      yield { name, chain, ...told, reason }
      yield { name: `${name}, and a round on top`, chain: await addRound(chain, { seeds: [8, 9] }), ...told, reason }
    }
  }
  const former = { round: 6, reason: 'ratification-signer-not-a-member' }
  yield {
    name: 'a rollback that a former committee ratified',
    chain: await byFormerCommittee(card),
    ...told,
    ...former,
  }
  const weights = await addRound(three, { ...rolled, lie: { weights: three.head.weights } })
  yield { name: 'a rollback whose directory has the reverted weights', chain: weights, ...told, link: 'weights' }
  yield* afterRollbackLies(card)
}
