import { readExamples } from '../adapters/datasets/index.ts'
import { type EvaluateOptions, type Evaluation, judgeBase } from '../evaluation/judge-base.ts'

/** How well a base learns a task, whose rows may be in memory or in files. @throws ColdmeshError as `judgeBase` */
export function evaluateBase(options: EvaluateOptions): Promise<Evaluation> {
  return judgeBase(options, readExamples)
}
