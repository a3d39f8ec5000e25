import { ColdmeshError } from '../ports/errors.ts'
import type { Model, TaskToTrain, TogetherResult, TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { bucketLength } from '../training/batches.ts'
import { checkBody } from '../training/encoders/encoder-body.ts'
import { withDropout } from '../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import { fitTogether } from '../training/fit-together.ts'
import { joinHeads } from '../training/joint-head.ts'
import { completePlan } from '../training/plan.ts'
import { rowEncoder, type TaskContext } from './tasks.ts'

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
  const plan = completePlan(given)
  check(tasks, plan)
  const config = withDropout(readEncoderConfig(model.config), plan.dropout)
  const body = checkBody(config, model.body)
  const maxTokens = Math.min(plan.maxTokens, config.maxPositions)
  const joint = joinHeads(
    { config, body },
    tasks.map(({ dataset, head }) => ({ labels: dataset.labels, head })),
    plan.seed,
  )
  const rows = tasks.map(({ dataset: { labels, examples } }, index) => {
    const [from, to] = joint.choices[index] ?? [0, 0]
    const encoded = rowEncoder(model, config, labels, maxTokens, context)(examples)
    return encoded.map((row) => ({ ...row, label: from + row.label, choices: [from, to] as const }))
  })
  const all = rows.flat()
  const learner = await context.engine.createLearner({
    shape: { config, body, classes: joint.classes },
    body: model.body,
    head: joint.weights,
    plan,
    batch: Math.min(plan.batch, Math.max(...rows.map(({ length }) => length))),
    longest: all.reduce((longest, { ids }) => Math.max(longest, bucketLength(ids.length, maxTokens)), 0),
  })
  try {
    await fitTogether(learner, { ...context, tasks: rows, plan: { ...plan, maxTokens } })
    return {
      body: await learner.body(),
      heads: joint.split(await learner.head()),
      steps: plan.steps,
      seconds: (context.now() - started) / 1_000,
    }
  } finally {
    await learner.release()
  }
}

function check(tasks: readonly TaskToTrain[], { mode }: TrainingPlan): void {
  if (mode === 'frozen') {
    throw new ColdmeshError('unsupported', 'Tasks with a frozen body learn nothing from each other', {
      hint: 'Train their heads one by one, or choose the mode full.',
    })
  }
  const isEmpty = tasks.some(({ dataset }) => dataset.examples.length === 0 || dataset.labels.length < 2)
  if (tasks.length === 0 || isEmpty) {
    throw new ColdmeshError('bad-dataset', 'Multitask training needs tasks with rows and at least two labels each')
  }
}
