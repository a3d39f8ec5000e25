import { CID } from 'multiformats/cid'
import { readModel } from '../peer/model.ts'
import { completePlan } from '../training/plan.ts'
import { runMultitask, runOneShot } from './baselines.ts'
import type { LabContext } from './context.ts'
import { contributorsOf, participantsOf } from './contributors.ts'
import type { LabNetwork } from './network.ts'
import { runRound } from './rounds.ts'
import { roundName, scoreSubject } from './score.ts'
import { openSeedNetwork } from './seed-network.ts'

/** A run: every round on a network of its own, its bases judged, its history verified. */
export async function runSeed(context: LabContext, run: number): Promise<void> {
  const { plan, tasks } = context
  const contributors = contributorsOf(tasks)
  const training = completePlan(plan.training)
  await using network = await openSeedNetwork(context, run, 'rounds')
  await scoreRound(context, network, run, 0)
  for (let round = 1; round <= plan.rounds; round++) {
    context.signal.throwIfAborted()
    if (network.head.round < round) {
      await runRound(context, {
        network,
        chain: 'rounds',
        run,
        participants: (of) => participantsOf(contributors, plan, { run, round: of }),
        trainingOf: () => training,
      })
    }
    await scoreRound(context, network, run, round)
  }
  await verify(context, network, run)
}

/** What a run is compared with. */
export async function runBaselines(context: LabContext, run: number): Promise<void> {
  const { plan, tasks } = context
  const contributors = contributorsOf(tasks)
  if (plan.baselines.includes('one-shot')) await runOneShot(context, run, contributors)
  if (plan.baselines.includes('multitask')) await runMultitask(context, run, contributors)
}

async function scoreRound(context: LabContext, network: LabNetwork, run: number, round: number): Promise<void> {
  const base = network.bases[round]
  if (base === undefined) throw new Error(`round ${round} has a base`)
  const subject = { run, of: roundName(round), base }
  await scoreSubject(context, subject, () => readModel(CID.parse(base), network.store))
}

/** The check that anybody can make later, by the same code: `coldmesh verify BASE --dir OUT/seed-1/rounds`. */
async function verify({ plan, ledger, signal }: LabContext, network: LabNetwork, run: number): Promise<void> {
  const base = String(network.head.base)
  if (ledger.records.some((record) => record.kind === 'verified' && record.run === run && record.base === base)) return
  const level = plan.keep === 'all' ? 'full' : 'signatures'
  const report = await network.history.verify(base, { level, signal })
  const { valid, rounds, failures } = report
  await ledger.put({ kind: 'verified', run, base, level, valid, rounds: rounds.length, failures: [...failures] })
}
