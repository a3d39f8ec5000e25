import { readModel } from '../peer/model.ts'
import type { Head, TrainingPlan } from '../ports/trainer.ts'
import type { LabContext } from './context.ts'
import { type Contributed, contribute } from './contribute.ts'
import { type Contributor, participantsOf } from './contributors.ts'
import type { DecidedRound, LabNetwork } from './network.ts'
import type { RoundRecord } from './records.ts'

/** What is run on a network: who takes part in a round, and how they train. */
export interface RoundsOptions {
  readonly network: LabNetwork
  readonly chain: RoundRecord['chain']
  readonly run: number
  readonly participants: (round: number) => readonly Contributor[]
  readonly trainingOf: (contributor: Contributor) => TrainingPlan
}

/** Runs one round after the network's head: everybody trains on it, the committee decides, the chain has the next base. */
export async function runRound(context: LabContext, options: RoundsOptions): Promise<void> {
  const { plan, pool, work, ledger, signal } = context
  const { network, chain, run, participants, trainingOf } = options
  const round = network.head.round + 1
  const model = await readModel(network.head.base, network.store)
  const here = participants(round)
  const contributed = await Promise.all(
    here.map((contributor) =>
      pool.run((trainer) =>
        work.measure('train', `seed ${run} ${nameOf(chain, round)} ${contributor.name}`, async () => {
          const head = await lastHead(options, contributor, round)
          const training = trainingOf(contributor)
          return contribute({ network, model, contributor, head, plan, training, run, trainer, signal })
        }),
      ),
    ),
  )
  signal.throwIfAborted()
  for (const { contributor, head } of contributed) await network.heads.write(headName(contributor, round), head)
  await work.measure('fuse', `seed ${run} ${nameOf(chain, round)} certified`, async () => {
    const decided = await network.decide(contributed.map(({ signed }) => signed))
    await ledger.put(recordOf({ chain, run, round }, decided, contributed))
    await network.adopt(decided)
  })
}

const nameOf = (chain: RoundRecord['chain'], round: number) => (chain === 'rounds' ? `round ${round}` : chain)

const headName = ({ name }: Contributor, round: number) => `${name} round ${round}`

/** A contributor's head from the last round that it took part in. */
async function lastHead(
  { network, participants }: RoundsOptions,
  contributor: Contributor,
  round: number,
): Promise<Head | null> {
  for (let earlier = round - 1; earlier > 0; earlier--) {
    if (participants(earlier).some(({ name }) => name === contributor.name)) {
      return network.heads.read(headName(contributor, earlier))
    }
  }
  return null
}

function recordOf(
  place: Pick<RoundRecord, 'chain' | 'run' | 'round'>,
  { base, view, opened, refused }: DecidedRound,
  contributed: readonly Contributed[],
): RoundRecord {
  const excluded = new Map(opened.excluded.map(({ contribution, reason }) => [String(contribution.id), reason]))
  const inputs = new Set(opened.inputs.map(({ id }) => String(id)))
  return {
    kind: 'round',
    ...place,
    base: String(base),
    view,
    contributions: contributed.map(({ contributor, signed, training }) => {
      const id = String(signed.id)
      const { rows, steps, seconds, validation } = training
      return {
        contributor: contributor.name,
        task: contributor.task.name,
        id,
        checkpoint: String(signed.message.checkpoint),
        excluded: inputs.has(id) ? null : (excluded.get(id) ?? refused.get(id) ?? 'not listed'),
        rows,
        steps,
        seconds,
        metric: validation.metric,
        before: validation.before,
        after: validation.after,
      }
    }),
  }
}

/** In how many rounds each contributor takes part. */
export function countParticipations(
  contributors: readonly Contributor[],
  plan: LabContext['plan'],
  run: number,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (let round = 1; round <= plan.rounds; round++) {
    for (const { name } of participantsOf(contributors, plan, { run, round })) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}
