import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { baseLies } from './base-lies.ts'
import { cardLies } from './card-lies.ts'
import { certificateLies } from './certificate-lies.ts'
import { encodingLies } from './encoding-lies.ts'
import { genesisLies } from './genesis-lies.ts'
import type { ToldLie } from './lie.ts'
import { LINEAGE_LIES, tellLineage } from './lineage-lies.ts'
import { memberLies } from './member-lies.ts'
import { rollbackLies } from './rollback-lies.ts'

type Card = Pick<Genesis, 'card'>
const CARD_1: Card = { card: 'card/1' }
const CARD_3: Card = { card: 'card/3' }

/** Every lie in one place. */
export async function* allLies(): AsyncGenerator<ToldLie> {
  const chain = await startLies(CARD_1)
  yield* liesBeside(chain, CARD_1)
  yield* certificateLies(chain)
  yield* encodingLies(chain)
  yield* genesisLies(chain)
  yield* cardLies('card/1')
  yield* cardLies('card/3')
}

/** Those that lie about what a card tells, in networks with the newer card: it has to be made whatever they say. */
export async function* liesWithCard3(): AsyncGenerator<ToldLie> {
  for await (const lie of liesBeside(await startLies(CARD_3), CARD_3)) yield { ...lie, name: `${lie.name} (card/3)` }
}

async function* liesBeside(chain: TestChain, card: Card): AsyncGenerator<ToldLie> {
  yield* lineageLies(chain)
  yield* baseLies(chain, card)
  yield* memberLies(card)
  yield* rollbackLies(card)
}

/** A small network whose first round is honest. */
const startLies = async (card: Card): Promise<TestChain> =>
  await addRound(await startChain('lies', { ...card, round: { minContributions: 2 } }, SMALL_LAYOUT), {})

/** Each of a lineage also with an honest round on top. */
async function* lineageLies(chain: TestChain): AsyncGenerator<ToldLie> {
  for (const [name, lie] of Object.entries(LINEAGE_LIES)) {
    const { chain: told, honest, told: lineage } = await tellLineage(chain, lie)
    const link = typeof lie.link === 'string' ? lie.link : lie.link(lineage, honest)
    const where = { round: honest.round + (lie.at ?? 0), link, foundAt: 'signatures' } as const
    yield { name, chain: told, ...where }
    if (lineage.round === honest.round)
      yield { name: `${name}, and a round on top`, chain: await addRound(told, { seeds: [8, 9] }), ...where }
  }
}
