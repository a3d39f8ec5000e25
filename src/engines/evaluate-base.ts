import { readExamples } from '../adapters/datasets/index.ts'
import { type EvaluateOptions, type Evaluation, judgeBase } from '../evaluation/judge-base.ts'
import { wordScore } from '../evaluation/word-score.ts'

/** How well a base learns a task, whose rows may be in memory or in files. @throws ColdmeshError as `judgeBase` */
export function evaluateBase(options: EvaluateOptions): Promise<Evaluation> {
  return judgeBase(options, readExamples)
}

/** What counted words score on a task, without a base: what a base must beat. @throws ColdmeshError as `wordScore` */
export function evaluateWords(options: Pick<EvaluateOptions, 'task' | 'mode' | 'seeds' | 'plan'>): Promise<number> {
  return wordScore(options, readExamples)
}
