import {
  type Evaluation,
  type EvaluationMode,
  evaluateBase,
  evaluateWords,
  type Trainer,
  type TrainingPlan,
} from 'coldmesh'
import type { Output } from '../text/output.ts'
import { describeReading } from '../text/reading.ts'
import { percentSpread } from '../text/spread.ts'
import { duration } from '../text/wait.ts'
import type { Candidate } from './bases.ts'
import { createStatusLine } from './status-line.ts'
import type { EvalTask } from './tasks.ts'

export interface Judged extends Evaluation {
  readonly candidate: Candidate
  readonly seen: boolean | null
  /** What counted words score on the same rows, without a base. */
  readonly tfidf: number
}

export interface JudgeRequest {
  readonly trainer: Trainer
  readonly candidates: readonly Candidate[]
  readonly tasks: readonly EvalTask[]
  readonly modes: readonly EvaluationMode[]
  readonly seeds: readonly number[]
  readonly plan: Partial<TrainingPlan>
  /** Takes each result when it is there. */
  readonly onJudged: (judged: Judged) => Promise<unknown>
  readonly output: Output
  readonly signal: AbortSignal
}

/** Judges every base on every task in every mode, base after base, and says meanwhile what runs and how long it will take. */
export async function judgeAll(request: JudgeRequest): Promise<Judged[]> {
  const { trainer, candidates, tasks, modes, seeds, plan, output, signal } = request
  const pace = createPace(modes, candidates.length * tasks.length)
  const status = createStatusLine(output)
  const total = candidates.length * tasks.length * modes.length
  const judged: Judged[] = []
  const words = new Map<string, number>()
  try {
    for (const candidate of candidates) {
      const model = await candidate.load()
      for (const task of tasks) {
        for (const mode of modes) {
          const startedAt = performance.now()
          const what = `${candidate.label}, ${task.name}, ${mode}`
          const evaluation = await evaluateBase({
            trainer,
            model,
            task,
            mode,
            seeds,
            plan,
            signal,
            onRead: (progress) => status.show(`${what}: ${describeReading(progress)}`),
            onProgress: ({ seed, step, steps }) =>
              status.show(
                `${judged.length + 1} of ${total}: ${what}, seed ${seed}, step ${step} of ${steps}${pace.left()}`,
              ),
          })
          pace.done(mode, performance.now() - startedAt)
          // The same for every base.
          const key = `${task.name} ${mode}`
          const tfidf = words.get(key) ?? (await evaluateWords({ task, mode, seeds, plan }))
          words.set(key, tfidf)
          const result = { ...evaluation, candidate, seen: task.seen, tfidf }
          judged.push(result)
          await request.onJudged(result)
          status.clear()
          output.progress(
            progressRecord(result, judged.length, total),
            () =>
              `${what}: ${percentSpread(result.mean, result.standardError, seeds.length)} (${judged.length} of ${total}${pace.left()})`,
          )
        }
      }
    }
    return judged
  } finally {
    status.clear()
  }
}

function progressRecord({ candidate, task, mode, mean, standardError }: Judged, done: number, total: number): object {
  return { event: 'evaluated', label: candidate.label, task, mode, mean, standardError, done, total }
}

/** What is left, from how long each mode took so far. */
function createPace(modes: readonly EvaluationMode[], each: number) {
  const spent = new Map<EvaluationMode, { ms: number; count: number }>()
  return {
    done(mode: EvaluationMode, ms: number): void {
      const before = spent.get(mode) ?? { ms: 0, count: 0 }
      spent.set(mode, { ms: before.ms + ms, count: before.count + 1 })
    },
    /** Empty until every mode ran once. */
    left(): string {
      if (modes.some((mode) => !spent.has(mode))) return ''
      const left = [...spent.values()].reduce((sum, { ms, count }) => sum + (ms / count) * (each - count), 0)
      return `, about ${duration(left)} left`
    },
  }
}
