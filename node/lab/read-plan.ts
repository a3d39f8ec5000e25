import { readFileSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import {
  type EngineChoice,
  EVALUATION_MODES,
  formatRule,
  type LabEvaluation,
  type LabPlan,
  type LabTask,
  parseRule,
  type ReadProgress,
} from 'coldmesh'
import { z } from 'zod'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import { type PlanFile, planShape } from './plan-shape.ts'
import { readTask } from './read-task.ts'

const HINT = 'docs/lab.md says what a plan may hold; examples/lab has some to begin with.'

export interface LabFile {
  /** The file as it is. */
  readonly source: unknown
  readonly plan: LabPlan
  readonly tasks: readonly LabTask[]
  readonly base: string
  readonly out: string | undefined
  readonly parallel: number | undefined
  readonly threads: number
  readonly engine: EngineChoice
}

/** Reads a plan and the texts that it names, relative to it. @throws CliError `bad-input` naming the field; and as datasets */
export async function readPlan(path: string, onRead?: (progress: ReadProgress) => void): Promise<LabFile> {
  const { source, file } = parse(path)
  const folder = dirname(resolve(path))
  const name = file.name ?? basename(path, extname(path)).toLowerCase()
  checkRounds(path, file)
  const { contributors } = file
  const read = (isSeen: boolean) => (task: PlanFile['tasks']['seen'][number], index: number) =>
    readTask(task, {
      folder,
      isSeen,
      rows: contributors.rows,
      onRead,
      place: `${path}: tasks.${isSeen ? 'seen' : 'unseen'}[${index}]`,
    })
  const tasks = await Promise.all([...file.tasks.seen.map(read(true)), ...file.tasks.unseen.map(read(false))])
  checkNames(path, tasks, file)
  return {
    source,
    plan: {
      name,
      rounds: file.rounds,
      seeds: file.seeds,
      committee: file.committee,
      rule: formatRule(parseRule(file.rule)),
      perRound: contributors.perRound,
      freshRows: contributors.freshRows,
      validationRows: contributors.validationRows,
      training: defined(file.training),
      evaluations: evaluationsOf(file),
      baselines: file.baselines,
      keep: file.keep,
    },
    tasks,
    base: file.base === undefined ? SHIPPED_BASE : resolve(folder, file.base),
    out: file.out === undefined ? undefined : resolve(folder, file.out),
    parallel: file.parallel,
    threads: file.threads,
    engine: file.engine,
  }
}

function parse(path: string): { readonly source: unknown; readonly file: PlanFile } {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? `is not JSON: ${cause.message}` : 'cannot be read'
    throw new CliError('bad-input', `The plan ${path} ${why}.`, { hint: HINT, cause })
  }
  const parsed = planShape.safeParse(raw)
  if (parsed.success) return { source: raw, file: parsed.data }
  const [first] = parsed.error.issues
  const field = z.core.toDotPath(first?.path ?? []) || 'the plan'
  const more = parsed.error.issues.length > 1 ? ` (and ${parsed.error.issues.length - 1} more)` : ''
  throw wrong(path, field, `${first?.message ?? 'is wrong'}${more}`)
}

/** Modes in the order of the paper; frozen when none is asked for. */
function evaluationsOf({ evaluation, rounds }: PlanFile): readonly LabEvaluation[] {
  const wanted = Object.keys(evaluation).length === 0 ? { frozen: DEFAULT_EVALUATION } : evaluation
  return EVALUATION_MODES.flatMap((mode) => {
    const given = wanted[mode]
    return given === undefined
      ? []
      : [
          {
            ...given,
            mode,
            rounds: roundsOf(given.rounds, rounds),
            tasks: given.tasks ?? null,
            plan: defined(given.plan),
          },
        ]
  })
}

const DEFAULT_EVALUATION = planShape.shape.evaluation.unwrap().valueType.parse({})

function roundsOf(wanted: 'all' | 'ends' | readonly number[], rounds: number): readonly number[] {
  if (wanted === 'ends') return [0, rounds]
  return wanted === 'all' ? Array.from({ length: rounds + 1 }, (_, round) => round) : wanted
}

function checkRounds(path: string, { evaluation, rounds }: PlanFile): void {
  for (const [mode, given] of Object.entries(evaluation)) {
    const late = Array.isArray(given?.rounds) ? given.rounds.find((round) => round > rounds) : undefined
    if (late !== undefined)
      throw wrong(path, `evaluation.${mode}.rounds`, `names round ${late}, and there are ${rounds}`)
  }
}

function checkNames(path: string, tasks: readonly LabTask[], { seeds, evaluation }: PlanFile): void {
  for (const [mode, given] of Object.entries(evaluation)) {
    const stranger = given?.tasks?.find((name) => !tasks.some((task) => task.name === name))
    if (stranger !== undefined)
      throw wrong(path, `evaluation.${mode}.tasks`, `names ${stranger}, which is not in "tasks"`)
  }
  const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index)
  if (twice !== undefined) throw wrong(path, 'tasks', `has ${twice.name} twice; split one task by "shards"`)
  if (new Set(seeds).size < seeds.length) throw wrong(path, 'seeds', 'has one twice')
  const contributors = tasks.reduce((sum, { isSeen, shards }) => sum + (isSeen ? shards : 0), 0)
  if (contributors > 64) throw wrong(path, 'tasks.seen', `makes ${contributors} contributors, and a round takes 64`)
}

function wrong(path: string, field: string, what: string): CliError {
  return new CliError('bad-input', `${path}: ${field}: ${what}.`, { hint: HINT, facts: { path, field } })
}
