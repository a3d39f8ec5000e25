import type { TrainingPlan } from '../ports/trainer.ts'

export interface EarlyStopping {
  /** Takes in the next evaluation. `best`: none before was better. `stop`: `patience` evaluations in a row gained too little. */
  observe(accuracy: number): { readonly best: boolean; readonly stop: boolean }
}

/** Stops after `patience` evaluations that don't gain `minGain` over the best before them; a patience of 0 never does. */
export function createEarlyStopping({ patience, minGain }: Pick<TrainingPlan, 'patience' | 'minGain'>): EarlyStopping {
  let best = Number.NEGATIVE_INFINITY
  let mark = Number.NEGATIVE_INFINITY
  let withoutGain = 0
  return {
    observe(accuracy) {
      const isBest = accuracy >= best
      if (isBest) best = accuracy
      if (accuracy >= mark + minGain && accuracy > mark) {
        mark = accuracy
        withoutGain = 0
      } else {
        withoutGain++
      }
      return { best: isBest, stop: patience > 0 && withoutGain >= patience }
    },
  }
}
