import type { EvaluationMode } from '../evaluation/plans.ts'
import { type MeanAndError, meanAndError } from '../evaluation/statistics.ts'
import { judgesBy, type LabPlan, type LabTask } from './plan.ts'
import type { LabRecord, RoundRecord, ScoreRecord, VerifiedRecord } from './records.ts'
import { roundName } from './score.ts'

export interface LabPoint extends MeanAndError {
  /** Null for a baseline. */
  readonly round: number | null
  /** `rounds/<round>`, or a baseline's name. */
  readonly of: string
  /** One value for each seed of the plan that has come so far, in its order. */
  readonly values: readonly number[]
}

/** Test scores in one mode, each task by its own metric: of one task, or the mean over the seen or the unseen ones. */
export interface LabCurve {
  readonly mode: EvaluationMode
  readonly group: 'seen' | 'unseen'
  /** Null: the mean over the group's tasks, taken seed by seed. */
  readonly task: string | null
  /** What the best answer that is always the same scores; a mean for a group. */
  readonly majority: number
  readonly points: readonly LabPoint[]
}

/** How far the last base is above the pretrained one: the differences of each seed, their mean and standard error. */
export interface LabGain extends MeanAndError {
  readonly mode: EvaluationMode
  readonly group: 'seen' | 'unseen'
  readonly task: string | null
  readonly pretrained: MeanAndError
  readonly final: MeanAndError
  readonly values: readonly number[]
}

export interface LabRun {
  readonly seed: number
  readonly rounds: readonly Omit<RoundRecord, 'kind' | 'run' | 'chain'>[]
  readonly oneShot: Omit<RoundRecord, 'kind' | 'run' | 'chain'> | null
  readonly verified: Omit<VerifiedRecord, 'kind' | 'run'> | null
}

export interface LabResult {
  readonly plan: LabPlan
  readonly tasks: readonly {
    readonly name: string
    readonly isSeen: boolean
    readonly labels: number
    readonly rows: number
  }[]
  readonly trainer: { readonly name: string; readonly device: string }
  readonly runs: readonly LabRun[]
  readonly curves: readonly LabCurve[]
  readonly gains: readonly LabGain[]
  /** Every judgement that the curves are made of. */
  readonly scores: readonly Omit<ScoreRecord, 'kind'>[]
  /** Spent training, fusing and judging, all workers together. */
  readonly workSeconds: number
}

/** What the records say, whole or so far. */
export function summarize(options: {
  readonly plan: LabPlan
  readonly tasks: readonly LabTask[]
  readonly trainer: LabResult['trainer']
  readonly records: readonly LabRecord[]
}): LabResult {
  const { plan, tasks, trainer, records } = options
  const scores = records.filter((record) => record.kind === 'score')
  const rounds = records.filter((record) => record.kind === 'round')
  const trainings = rounds.flatMap(({ contributions }) => contributions.map(({ seconds }) => seconds))
  const curves = curvesOf(plan, tasks, scores)
  return {
    plan,
    tasks: tasks.map(({ name, isSeen, train }) => {
      return { name, isSeen, labels: train.labels.length, rows: train.examples.length }
    }),
    trainer,
    runs: plan.seeds.map((seed) => runOf(seed, records)),
    curves,
    gains: curves.flatMap((curve) => gainOf(curve, plan)),
    scores: scores.map(({ kind: _, ...score }) => score),
    workSeconds: sum([...trainings, ...scores.map(({ seconds }) => seconds)]),
  }
}

function runOf(seed: number, records: readonly LabRecord[]): LabRun {
  const own = records.filter(({ run }) => run === seed)
  const roundsOf = (of: RoundRecord['chain']) =>
    own
      .filter((record) => record.kind === 'round')
      .filter(({ chain }) => chain === of)
      .map(({ kind: _, run: __, chain: ___, ...round }) => round)
      .sort((a, b) => a.round - b.round)
  const verified = own.find((record) => record.kind === 'verified')
  const { kind: _, run: __, ...report } = verified ?? { kind: '', run: 0 }
  return {
    seed,
    rounds: roundsOf('rounds'),
    oneShot: roundsOf('one-shot')[0] ?? null,
    verified: 'valid' in report ? report : null,
  }
}

function curvesOf(plan: LabPlan, tasks: readonly LabTask[], scores: readonly ScoreRecord[]): readonly LabCurve[] {
  return plan.evaluations.flatMap((evaluation) =>
    (['seen', 'unseen'] as const).flatMap((group) => {
      const { mode } = evaluation
      const judged = tasks.filter((task) => task.isSeen === (group === 'seen') && judgesBy(evaluation, task))
      const names = judged.map(({ name }) => name)
      const curveOf = (task: string | null, of: readonly string[]): LabCurve => {
        const own = scores.filter((score) => score.mode === mode && of.includes(score.task))
        return {
          mode,
          group,
          task,
          majority: mean(own.map(({ majority }) => majority)),
          points: pointsOf(plan, own, of),
        }
      }
      return names.length === 0 ? [] : [curveOf(null, names), ...names.map((name) => curveOf(name, [name]))]
    }),
  )
}

/** Points for which every task has been judged, seed by seed. */
function pointsOf(plan: LabPlan, scores: readonly ScoreRecord[], tasks: readonly string[]): readonly LabPoint[] {
  const rounds = Array.from({ length: plan.rounds + 1 }, (_, round) => ({ round, of: roundName(round) }))
  return [...rounds, ...plan.baselines.map((of) => ({ round: null, of }))].flatMap(({ round, of }) => {
    const values = plan.seeds.flatMap((seed) => {
      const own = scores.filter((score) => score.run === seed && score.of === of)
      return own.length < tasks.length ? [] : [mean(own.map(({ values }) => mean(values)))]
    })
    return values.length === 0 ? [] : [{ round, of, values, ...meanAndError(values) }]
  })
}

function gainOf({ mode, group, task, points }: LabCurve, plan: LabPlan): readonly LabGain[] {
  const pretrained = points.find(({ round }) => round === 0)
  const final = points.find(({ round }) => round === plan.rounds)
  if (pretrained === undefined || final === undefined || pretrained.values.length !== final.values.length) return []
  const values = final.values.map((value, index) => value - (pretrained.values[index] ?? 0))
  return [{ mode, group, task, pretrained: spread(pretrained), final: spread(final), values, ...meanAndError(values) }]
}

const spread = ({ mean, standardError }: MeanAndError): MeanAndError => ({ mean, standardError })
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]) => (values.length === 0 ? 0 : sum(values) / values.length)
