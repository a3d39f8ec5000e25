import { readModel } from '../peer/model.ts'
import { completePlan } from '../training/plan.ts'
import type { LabContext } from './context.ts'
import type { Contributor } from './contributors.ts'
import { countParticipations, runRound } from './rounds.ts'
import { scoreSubject } from './score.ts'
import { openSeedNetwork } from './seed-network.ts'

/**
 * Fusing once (the paper's "fused" baseline): everybody trains alone for as many steps as in all rounds together, and one round fuses
 * what came of it.
 */
export async function runOneShot(
  context: LabContext,
  run: number,
  contributors: readonly Contributor[],
): Promise<void> {
  const { plan } = context
  const rounds = countParticipations(contributors, plan, run)
  const training = completePlan(plan.training)
  await using network = await openSeedNetwork(context, run, 'one-shot')
  if (network.head.round === 0) {
    await runRound(context, {
      network,
      chain: 'one-shot',
      run,
      participants: () => contributors.filter(({ name }) => rounds.has(name)),
      trainingOf: ({ name }) => ({ ...training, steps: training.steps * (rounds.get(name) ?? 0) }),
    })
  }
  const { base } = network.head
  await scoreSubject(context, { run, of: 'one-shot', base: String(base) }, () => readModel(base, network.store))
}
