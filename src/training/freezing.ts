import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan } from '../ports/trainer.ts'

/** Embeddings, and what brings them to the layers' width where a model has that. */
const EMBEDDINGS = /(^|\.)embeddings(_project)?\./
const LAYER = /(^|\.)layer\.(\d+)\./

/** Whether a weight of the body keeps its bytes: the embeddings' and those of the first `freeze` layers; null: none does. */
export function isFrozen(name: string, freeze: TrainingPlan['freeze'] | undefined): boolean {
  if (freeze === null || freeze === undefined) return false
  const layer = LAYER.exec(name)?.[2]
  return layer === undefined ? EMBEDDINGS.test(name) : Number(layer) < freeze
}

/** @throws ColdmeshError `bad-input` for more layers than there are */
export function checkFreeze({ freeze }: Pick<TrainingPlan, 'freeze'>, layers: number): void {
  if (freeze === null || freeze <= layers) return
  throw new ColdmeshError('bad-input', `The plan freezes ${freeze} layers, the model has ${layers}`, {
    facts: { freeze, layers },
    hint: `Give at most ${layers}; the mode frozen trains the head alone, faster.`,
  })
}
