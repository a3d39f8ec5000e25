import { resolve } from 'node:path'
import {
  type Model,
  readModelDirectory,
  type Trainer,
  type TrainingPlan,
  type TrainingProgress,
  trainMultitask,
  trainOneShot,
} from 'coldmesh'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import type { Output } from '../text/output.ts'
import type { BaselineName, BaseSource, Candidate } from './bases.ts'
import { createStatusLine } from './status-line.ts'
import type { EvalTask } from './tasks.ts'

export const BASELINES = ['pretrained', 'multitask', 'one-shot'] as const satisfies readonly BaselineName[]

export interface BaselineRequest {
  readonly trainer: Trainer
  readonly bases: BaseSource
  readonly baselines: readonly BaselineName[]
  /** Directory of the pretrained model; default: the network's, else the shipped one. */
  readonly base: string | undefined
  readonly tasks: readonly EvalTask[]
  readonly plan: Partial<TrainingPlan>
  readonly seeds: readonly number[]
  readonly output: Output
  readonly signal: AbortSignal
}

/** What the bases are compared with, all from the same pretrained model. */
export async function trainBaselines(request: BaselineRequest): Promise<readonly Candidate[]> {
  const { baselines, bases, base } = request
  if (baselines.length === 0) return []
  const known = base === undefined ? bases.pretrained : null
  const pretrained = known ?? directoryBase(base ?? SHIPPED_BASE)
  const candidates: Candidate[] = []
  for (const name of baselines) {
    // Round 0 may be judged already: then it is in the table.
    const isThere = name === 'pretrained' && bases.candidates.some(({ cid }) => cid !== null && cid === pretrained.cid)
    if (!isThere) candidates.push(await baselineOf(name, pretrained, request))
  }
  return candidates
}

function directoryBase(path: string): Pick<Candidate, 'cid' | 'load'> {
  return { cid: null, load: () => readModelDirectory(resolve(path)) }
}

async function baselineOf(
  name: BaselineName,
  pretrained: Pick<Candidate, 'cid' | 'load'>,
  request: BaselineRequest,
): Promise<Candidate> {
  const candidate = (load: () => Promise<Model>, cid: string | null): Candidate => {
    return { label: name, round: null, cid, baseline: name, load }
  }
  if (name === 'pretrained') return candidate(pretrained.load, pretrained.cid)
  const trained = await train(name, await pretrained.load(), request)
  return candidate(async () => trained, null)
}

async function train(name: 'multitask' | 'one-shot', pretrained: Model, request: BaselineRequest): Promise<Model> {
  const { trainer, bases, tasks, plan, seeds, output, signal } = request
  const datasets = tasks.filter(({ seen }) => seen !== false).map((task) => task.train)
  if (datasets.length === 0) {
    throw new CliError('bad-input', `The baseline ${name} is trained on the seen tasks, and there are none.`, {
      hint: 'Say "seen": true of tasks in the list.',
    })
  }
  const status = createStatusLine(output)
  let done = 0
  const options = {
    trainer,
    pretrained,
    tasks: datasets,
    seed: seeds[0] ?? 1,
    plan,
    signal,
    onProgress: ({ step, steps }: TrainingProgress) => {
      const total = name === 'one-shot' ? steps * datasets.length : steps
      status.show(`trains the baseline ${name}: step ${done + step} of ${total}`)
      if (name === 'one-shot' && step === steps) done += steps
    },
  }
  try {
    output.say(`trains the baseline ${name} on ${datasets.length} task(s)`)
    if (name === 'multitask') return await trainMultitask(options)
    return await trainOneShot({ ...options, ...(bases.rule === null ? {} : { rule: bases.rule }) })
  } finally {
    status.clear()
  }
}
