import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import { type EncoderBody, POSITION_TABLE, tensorName } from './encoders/encoder-body.ts'
import type { EncoderConfig } from './encoders/encoder-config.ts'

/** Embeddings, and what brings them to the layers' width where a model has that. */
const EMBEDDINGS = /(^|\.)embeddings(_project)?\./
const LAYER = /(^|\.)layer\.(\d+)\./

/** Whether a weight of the body keeps its bytes: the embeddings' and those of the first `freeze` layers; null: none does. */
export function isFrozen(name: string, freeze: TrainingPlan['freeze'] | undefined): boolean {
  if (freeze === null || freeze === undefined) return false
  const layer = LAYER.exec(name)?.[2]
  return layer === undefined ? EMBEDDINGS.test(name) : Number(layer) < freeze
}

/** Whether a weight is read and never changes: one that the plan freezes, or positions that are no parameters. */
export function isFixed(
  name: string,
  shape: { readonly config: EncoderConfig; readonly body: EncoderBody },
  freeze: TrainingPlan['freeze'] | undefined,
): boolean {
  return isFrozen(name, freeze) || (!shape.config.learnsPositions && name === tensorName(shape, POSITION_TABLE))
}

/** @throws ColdmeshError `bad-input` for more layers than there are */
export function checkFreeze({ freeze }: Pick<TrainingPlan, 'freeze'>, layers: number): void {
  if (freeze === null || freeze <= layers) return
  throw new ColdmeshError('bad-input', `The plan freezes ${freeze} layers, the model has ${layers}`, {
    facts: { freeze, layers },
    hint: `Give at most ${layers}; the mode frozen trains the head alone, faster.`,
  })
}
