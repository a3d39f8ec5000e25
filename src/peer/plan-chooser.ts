import type { DatasetFacts } from '../engines/dataset-facts.ts'
import type { Log } from '../ports/system.ts'
import type { Model, TrainingPlan } from '../ports/trainer.ts'
import type { ChosenPlan } from '../training/choose-plan.ts'
import { completePlan } from '../training/plan.ts'
import type { JoinOptions } from './types.ts'

/** The plan of all rounds of a join; `chosen` when it was chosen just now, `about` the data when it is the first. */
export type PlanChooser = (
  model: Model,
  engine: string,
) => Promise<{ readonly plan: TrainingPlan; readonly chosen: ChosenPlan | null; readonly about: DatasetFacts | null }>

/** Chooses when it is first asked, and keeps to it. */
export function planChooser({ plan: changes = {}, recipe, dataset }: JoinOptions, log: Log): PlanChooser {
  const given = recipe === undefined ? completePlan(changes) : null
  let before: TrainingPlan | null = null

  /** Advice: what is wrong with a model is for the training to say. */
  async function describe(model: Model, plan: TrainingPlan): Promise<DatasetFacts | null> {
    try {
      const { datasetFacts } = await import('../engines/dataset-facts.ts')
      return await datasetFacts(model, dataset, plan)
    } catch (error) {
      log.warn('dataset-not-described', { error: String(error) })
      return null
    }
  }

  return async (model, engine) => {
    if (before !== null) return { plan: before, chosen: null, about: null }
    const { planFor } = await import('../engines/plan-for.ts')
    const chosen = recipe === undefined ? null : await planFor({ model, dataset, recipe, changes, engine })
    const plan = chosen?.plan ?? given ?? completePlan(changes)
    before = plan
    return { plan, chosen, about: await describe(model, plan) }
  }
}
