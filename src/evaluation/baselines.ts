import { canonicalOrder, encodeLayout } from '../checkpoint/layout.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint/safetensors.ts'
import { fuseCheckpoints } from '../fusion/fuse.ts'
import type { Dataset, Examples } from '../ports/dataset.ts'
import type { Model, Trainer, TrainingPlan, TrainingProgress, Weights } from '../ports/trainer.ts'
import { evaluationPlan } from './plans.ts'

export interface BaselineOptions {
  readonly trainer: Trainer
  readonly pretrained: Model
  /** The seen tasks. */
  readonly tasks: readonly Dataset<Examples>[]
  readonly seed: number
  /** Changes to the plan of the mode `full`. */
  readonly plan?: Partial<TrainingPlan>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainingProgress) => void
}

/**
 * What could be had if all data were in one place: one body trained on all tasks together, a head each. It gets as many batches of each task as
 * finetuning on that task alone would.
 *
 * @throws ColdmeshError as `Trainer.trainTogether`
 */
export async function trainMultitask(options: BaselineOptions): Promise<Model> {
  const { trainer, pretrained, tasks, seed, plan: changes = {}, signal, onProgress } = options
  const plan = evaluationPlan('full', changes, seed)
  const { body } = await trainer.trainTogether({
    model: pretrained,
    tasks: tasks.map((dataset) => ({ dataset, head: null })),
    plan: { ...plan, steps: plan.steps * tasks.length },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  return { ...pretrained, body }
}

/**
 * What one round gives: each task's model trained once from the pretrained one, fused once by the network's rule.
 *
 * @throws ColdmeshError as `Trainer.train` and `fuseCheckpoints`
 */
export async function trainOneShot(
  options: BaselineOptions & {
    readonly rule?: string
    readonly params?: Readonly<Record<string, number>>
  },
): Promise<Model> {
  const {
    trainer,
    pretrained,
    tasks,
    seed,
    plan: changes = {},
    rule = 'mean/1',
    params = {},
    signal,
    onProgress,
  } = options
  const bodies: (readonly Weights[])[] = []
  for (const dataset of tasks) {
    const { body } = await trainer.train({
      model: pretrained,
      head: null,
      dataset,
      plan: evaluationPlan('full', changes, seed),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    })
    bodies.push(body)
  }
  const rows = tasks.map(({ examples }) => examples.length)
  return { ...pretrained, body: await fuseBodies(pretrained.body, bodies, { rule, params, rows }) }
}

/** Bodies fused as the network fuses checkpoints. The result has the order of `base`. */
export async function fuseBodies(
  base: readonly Weights[],
  bodies: readonly (readonly Weights[])[],
  how: {
    readonly rule: string
    readonly params: Readonly<Record<string, number>>
    /** Of each body's data; `weighted-mean/1` needs them. */
    readonly rows?: readonly number[]
  },
): Promise<readonly Weights[]> {
  const tensors = base.map(({ name, shape }) => ({ name, shape, dtype: 'F32' as const }))
  const layout = encodeLayout(canonicalOrder(tensors), { format: 'pt' })
  const open = (body: readonly Weights[]) =>
    async function* () {
      yield encodeCheckpoint(layout, body)
    }
  const chunks: Uint8Array[] = []
  const fused = fuseCheckpoints({ ...how, layout, base: open(base), inputs: bodies.map(open) })
  for await (const chunk of fused) chunks.push(chunk)
  const bytes = new Uint8Array(layout.totalBytes)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  const byName = new Map(decodeCheckpoint(bytes).weights.map((weights) => [weights.name, weights]))
  return base.flatMap(({ name }) => byName.get(name) ?? [])
}
