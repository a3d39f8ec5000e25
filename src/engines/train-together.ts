import { ColdmeshError } from '../ports/errors.ts'
import type { Model, TaskToTrain, TogetherResult, TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { bucketLength } from '../training/batches.ts'
import { checkBody } from '../training/encoders/encoder-body.ts'
import { withDropout } from '../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import { fitTogether } from '../training/fit-together.ts'
import { checkFreeze } from '../training/freezing.ts'
import { joinHeads } from '../training/joint-head.ts'
import { checkLabels } from '../training/labels.ts'
import { completePlan, withEpochs } from '../training/plan.ts'
import { lengthsOf, type RowTarget, type TokenRows } from '../training/rows.ts'
import { headFromScale, headToScale, scaleTargets, targetScale } from '../training/target-scale.ts'
import { encodeRows } from './encode-dataset.ts'
import { exampleEncoder, type TaskContext } from './tasks.ts'

export interface TogetherTask {
  readonly model: Model
  readonly tasks: readonly TaskToTrain[]
  readonly plan: TrainingPlan
}

/** Trains one body on several tasks, with one wide head whose outputs belong to a task each. @throws ColdmeshError as `Trainer.trainTogether` */
export async function runTrainTogether(
  { model, tasks, plan: given }: TogetherTask,
  context: TaskContext & { readonly onProgress: (progress: TrainingProgress) => void },
): Promise<TogetherResult> {
  const started = context.now()
  const wanted = completePlan(given)
  check(tasks, wanted)
  const plan = withEpochs(
    wanted,
    tasks.reduce((sum, { dataset }) => sum + dataset.examples.length, 0),
  )
  const config = withDropout(readEncoderConfig(model.config), plan.dropout)
  checkFreeze(plan, config.layers)
  const body = checkBody(config, model.body)
  const maxTokens = Math.min(plan.maxTokens, config.maxPositions)
  using stores = new DisposableStack()
  const encoded: TokenRows[] = []
  for (const { dataset } of tasks) {
    const encode = exampleEncoder(model, config, dataset, maxTokens)
    encoded.push(stores.use(await encodeRows(dataset.examples, { encode, ...context })).rows)
  }
  const scales = tasks.map(({ dataset }, index) =>
    dataset.task === 'regression' ? targetScale(encoded[index]?.targets ?? []) : null,
  )
  const joint = joinHeads(
    { config, body },
    tasks.map(({ dataset: { task, labels }, head }, index) => {
      const scale = scales[index] ?? null
      const isScaled = head !== null && scale !== null
      return { task, labels, head: isScaled ? { ...head, weights: headToScale(head.weights, scale) } : head }
    }),
    plan.seed,
  )
  const rows = encoded.map((ofTask, index) => {
    const choices = joint.choices[index] ?? [0, 0]
    const scale = scales[index] ?? null
    const targets = scale === null ? ofTask.targets : scaleTargets(ofTask.targets, scale)
    return ofTask.withTargets(inJointHead(targets, choices))
  })
  const learner = await context.engine.createLearner({
    shape: { config, body, classes: joint.classes },
    body: model.body,
    head: joint.weights,
    plan,
    batch: Math.min(plan.batch, Math.max(...rows.map(({ length }) => length))),
    longest: rows.flatMap(lengthsOf).reduce((longest, tokens) => Math.max(longest, bucketLength(tokens, maxTokens)), 0),
  })
  try {
    await fitTogether(learner, { ...context, tasks: rows, plan: { ...plan, maxTokens } })
    return {
      body: await learner.body(),
      heads: joint.split(await learner.head()).map((head, index) => {
        const scale = scales[index] ?? null
        return scale === null ? head : { ...head, weights: headFromScale(head.weights, scale) }
      }),
      steps: plan.steps,
      seconds: (context.now() - started) / 1_000,
    }
  } finally {
    await learner.release()
  }
}

/** Targets whose labels are counted from the task's first output on. Rows of one label share theirs. */
function inJointHead(targets: readonly RowTarget[], choices: readonly [from: number, to: number]): RowTarget[] {
  const [from] = choices
  const known = new Map<RowTarget, RowTarget>()
  return targets.map((target) => {
    const { label, task } = target
    const moved = typeof label === 'number' ? from + label : label.map((index) => from + index)
    const found = known.get(target) ?? { ...target, choices, label: task === 'regression' ? label : moved }
    known.set(target, found)
    return found
  })
}

function check(tasks: readonly TaskToTrain[], { mode, maxSeconds }: TrainingPlan): void {
  if (maxSeconds !== null) {
    throw new ColdmeshError('unsupported', 'Training tasks together has no time limit', {
      hint: 'Limit it by steps or epochs.',
    })
  }
  if (mode === 'frozen') {
    throw new ColdmeshError('unsupported', 'Tasks with a frozen body learn nothing from each other', {
      hint: 'Train their heads one by one, or choose the mode full.',
    })
  }
  if (tasks.length === 0 || tasks.some(({ dataset }) => dataset.examples.length === 0)) {
    throw new ColdmeshError('bad-dataset', 'Multitask training needs tasks with rows')
  }
  for (const { dataset } of tasks) checkLabels(dataset)
}
