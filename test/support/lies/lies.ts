import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { baseLies } from './base-lies.ts'
import { certificateLies } from './certificate-lies.ts'
import { encodingLies } from './encoding-lies.ts'
import { genesisLies } from './genesis-lies.ts'
import type { ToldLie } from './lie.ts'
import { LINEAGE_LIES, tellLineage } from './lineage-lies.ts'
import { memberLies } from './member-lies.ts'

/** Every lie in one place, told of a small network whose first round is honest. */
export async function* allLies(): AsyncGenerator<ToldLie> {
  const chain = await addRound(await startChain('lies', { round: { minContributions: 2 } }, SMALL_LAYOUT), {})
  yield* lineageLies(chain)
  yield* baseLies(chain)
  yield* certificateLies(chain)
  yield* encodingLies(chain)
  yield* genesisLies(chain)
  yield* memberLies()
}

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
