import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { addRounds, checkpointOf, ratifiedNext, rollBack, threeToRevert } from '../../support/history/rollbacks.ts'

/** Good histories that go back. In round 4 three rounds are there to revert, the third of them empty. */

type Card = Pick<Genesis, 'card'>

/** Late ones from before and after, reverted inputs once more, and one that is in force. */
async function offeredAgain(card: Card): Promise<TestChain> {
  const four = await rollBack(await threeToRevert(card), 1)
  const again = [await checkpointOf(four, 3), await checkpointOf(four, 4), await checkpointOf(four, 1)]
  const weights = four.head.history.find(({ round }) => round === 2)?.weights
  if (weights === undefined) throw new Error('round 2 is within the history')
  const late = [0, 1, 2, 3].map((parent) => ({ seed: 30 + parent, parent }))
  const five = await addRounds(four, [{ seeds: [5], again: [...again, weights], late }])
  return await addRounds(five, [
    {
      seeds: [6, 7],
      late: [
        { seed: 40, parent: 4 },
        { seed: 41, parent: 3 },
      ],
    },
  ])
}

/** Back to the base of round 1; back to that of round 3, which the former reverted; what was in it is in force again. */
async function undone(card: Card): Promise<TestChain> {
  const five = await rollBack(await rollBack(await threeToRevert(card), 1), 3)
  const again = [await checkpointOf(five, 3), await checkpointOf(five, 1)]
  return await addRounds(five, [{ seeds: [5, 6], again, late: [{ seed: 30, parent: 4 }] }])
}

/** To a base that is itself one of a rollback, and to one that the first of them had reverted. */
async function ofRollback(card: Card): Promise<TestChain> {
  const five = await addRounds(await rollBack(await threeToRevert(card), 1), [{ seeds: [5, 6] }])
  const seven = await addRounds(await rollBack(five, 4), [{ seeds: [7, 8], again: [await checkpointOf(five, 5)] }])
  const again = [await checkpointOf(seven, 5), await checkpointOf(seven, 3), await checkpointOf(seven, 7)]
  return await addRounds(await rollBack(seven, 2), [{ seeds: [9], again }])
}

/** Three bases are known of. What is in force in the end lies further back than these. */
async function shortHistory(card: Card): Promise<TestChain> {
  const short = { historyRounds: 3, keepRounds: 3, maxStaleness: 1 }
  const four = await rollBack(await threeToRevert({ ...card, round: short }), 1)
  const again = [await checkpointOf(four, 1), await checkpointOf(four, 3)]
  return await addRounds(four, [{ seeds: [5, 6] }, { seeds: [7, 8], again }])
}

/** Terms change before and after, and a rollback is among what an amendment follows. */
async function amendedBesides(card: Card): Promise<TestChain> {
  const three = await threeToRevert(card)
  const [removed] = three.net.members
  if (removed === undefined) throw new Error('a committee has members')
  const change = { remove: [removed.publicKey], round: { minContributions: 1 } }
  const five = await rollBack(await addRounds(three, [{ seeds: [10, 11], amendment: ratifiedNext(three, change) }]), 2)
  const seven = await rollBack(await addRounds(five, [{ seeds: [5] }]), 4, { view: 7 })
  const median = ratifiedNext(seven, { fusion: { rule: 'median/1', params: {} } })
  return await addRounds(seven, [{ seeds: [6, 7], amendment: median }, { seeds: [8] }, { seeds: [9] }])
}

export const rollbackChains = (card: Card): Readonly<Record<string, () => Promise<TestChain>>> => ({
  'rolled back to an earlier base': async () => await rollBack(await threeToRevert(card), 1),
  "rolled back to the genesis' base, and rounds after it": async () =>
    await addRounds(await rollBack(await threeToRevert(card), 0), [
      { seeds: [5, 6] },
      { seeds: [] },
      { seeds: [7, 8] },
    ]),
  'rolled back by the rule clipped-mean/1': async () => {
    const fusion = { rule: 'clipped-mean/1', params: {} }
    return await addRounds(await rollBack(await threeToRevert({ ...card, fusion }), 1), [
      { seeds: [5, 20], late: [{ seed: 31, parent: 1 }] },
      { seeds: [7, 8], late: [{ seed: 30, parent: 4 }] },
    ])
  },
  'rolled back, and offered again what was reverted': () => offeredAgain(card),
  'rolled back, and undone': () => undone(card),
  'rolled back to a rollback, and past it': () => ofRollback(card),
  'rolled back in a short history': () => shortHistory(card),
  'rolled back between amendments': () => amendedBesides(card),
})
