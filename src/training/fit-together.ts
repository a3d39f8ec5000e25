import type { TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { trainingBatches } from './batches.ts'
import { createMeter, diverged } from './fit.ts'
import type { Learner } from './learner.ts'
import { createRandom } from './random.ts'
import { lengthsOf, type TokenRows } from './rows.ts'
import { rateFactor } from './schedule.ts'

/** The multitask loop: batches of the tasks in turn, each of one task, through one optimizer. Takes all of the plan's steps. */
export async function fitTogether(
  learner: Pick<Learner, 'learn' | 'step'>,
  options: {
    /** Rows by task. */
    readonly tasks: readonly TokenRows[]
    readonly plan: TrainingPlan
    readonly onProgress: (progress: TrainingProgress) => void
    readonly now: () => number
    /** @throws ColdmeshError `aborted` */
    readonly checkAborted: () => void
  },
): Promise<void> {
  const { tasks, plan, onProgress, checkAborted } = options
  const sources = tasks.map((rows, index) => ({
    rows,
    batches: trainingBatches(
      lengthsOf(rows),
      // The first task's batches are those that it gets alone.
      { ...plan, random: createRandom(plan.seed, index === 0 ? 'batches' : `batches/${index}`) },
    ),
  }))
  const meter = createMeter(options.now)
  let turn = 0
  for (let step = 0; step < plan.steps; step++) {
    let loss = 0
    for (let part = 0; part < plan.accumulation; part++) {
      checkAborted()
      const source = sources[turn++ % sources.length]
      if (source === undefined) throw new RangeError('no tasks')
      const batch = source.batches.next().value
      const rows = batch.rows.map((index) => source.rows.row(index))
      loss += (await learner.learn(rows, batch.length)) / plan.accumulation
      meter.count(rows)
    }
    if (!Number.isFinite(loss)) throw diverged(step + 1)
    const rate = plan.learningRate * rateFactor(plan, step)
    learner.step({ body: rate, head: rate * plan.headRate })
    meter.pause()
    if (meter.isDue() || step + 1 === plan.steps) {
      const secondsLeft = ((plan.steps - step - 1) * meter.stepMs()) / 1_000
      onProgress({ step: step + 1, steps: plan.steps, loss, tokensPerSecond: meter.tokensPerSecond(), secondsLeft })
    }
  }
}
