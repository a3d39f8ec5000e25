import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { canonicalOrder, encodeLayout } from '../checkpoint/layout.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint/safetensors.ts'
import { importFile } from '../checkpoint/unixfs.ts'
import { readModel, readModelDirectory } from '../peer/model.ts'
import type { Dataset, Examples } from '../ports/dataset.ts'
import type { Model } from '../ports/trainer.ts'
import { firstRows, rowsAt } from '../training/choose-rows.ts'
import { completePlan } from '../training/plan.ts'
import type { LabContext } from './context.ts'
import { type Contributor, placesOf } from './contributors.ts'
import { countParticipations, runRound } from './rounds.ts'
import { scoreSubject } from './score.ts'
import { openSeedNetwork } from './seed-network.ts'
import { seedFor } from './seeds.ts'

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

/**
 * What could be had if all texts were in one place: one body that learns all seen tasks at once, for as many steps as everybody takes in
 * all rounds together. Its weights stay beside the run's networks.
 */
export async function runMultitask(
  context: LabContext,
  run: number,
  contributors: readonly Contributor[],
): Promise<void> {
  const pretrained = await readModelDirectory(context.base)
  const path = join(context.out, `seed-${run}`, 'multitask.safetensors')
  const bytes =
    (await readFile(path).catch(() => null)) ?? (await trainMultitask(context, run, contributors, pretrained))
  await writeFileAtomic(path, bytes)
  const { cid } = await importFile([bytes], () => {})
  const body = decodeCheckpoint(bytes).weights
  await scoreSubject(context, { run, of: 'multitask', base: String(cid) }, async () => ({ ...pretrained, body }))
}

async function trainMultitask(
  { plan, pool, work, signal }: LabContext,
  run: number,
  contributors: readonly Contributor[],
  model: Model,
): Promise<Uint8Array> {
  const training = completePlan(plan.training)
  const rounds = countParticipations(contributors, plan, run)
  const steps = training.steps * [...rounds.values()].reduce((sum, count) => sum + count, 0)
  const { body } = await pool.run((trainer) =>
    work.measure('multitask', `seed ${run} multitask`, () =>
      trainer.trainTogether({
        model,
        tasks: datasetsOf(contributors, plan, run).map((dataset) => ({ dataset, head: null })),
        plan: { ...training, steps, seed: seedFor(run, 'multitask') },
        signal,
      }),
    ),
  )
  const tensors = body.map(({ name, shape }) => ({ name, shape, dtype: 'F32' as const }))
  return encodeCheckpoint(encodeLayout(canonicalOrder(tensors), { format: 'pt' }), body)
}

/** The rows of all contributors together, task by task; all rows of a task when they are fresh in every round. */
function datasetsOf(
  contributors: readonly Contributor[],
  plan: LabContext['plan'],
  run: number,
): readonly Dataset<Examples>[] {
  return [...new Set(contributors.map(({ task }) => task))].map((task) => {
    const { task: type, labels, examples: all } = task.train
    const shares = contributors.filter((contributor) => contributor.task === task)
    const dealt = shares.flatMap((share) => [...placesOf(share, plan, { run, round: 1 })])
    const examples = plan.freshRows ? all : rowsAt(all, dealt)
    const validation = firstRows(task.validation, plan.validationRows)
    return {
      name: task.name,
      ...(type && { task: type }),
      labels,
      examples,
      ...(validation.length > 0 && { validation }),
    }
  })
}
