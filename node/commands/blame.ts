import { resolve } from 'node:path'
import { blameInputs, createTrainer, type FusedWithout, fuseWithout } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { createStatusLine } from '../eval/status-line.ts'
import { readEvalTasks } from '../eval/tasks.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatBlame } from '../text/blame.ts'
import { short, show } from '../text/escape.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import type { DatasetOption } from './dataset.ts'
import { openHistorySource } from './history.ts'
import { type PlanOption, trainerOptionsOf } from './training.ts'

type Options =
  | 'dir'
  | 'data'
  | 'test'
  | DatasetOption
  | 'task'
  | 'blameMode'
  | 'seeds'
  | Exclude<PlanOption, 'evaluateEvery' | 'patience' | 'recipe' | 'time' | 'epochs'>
  | 'engine'
  | 'threads'
  | 'out'
  | 'without'

/** With --data says which contributions of a round hurt; with --without fuses the round again without some. */
export const runBlame: Run<Options> = async (call) => {
  const { args, options } = call
  const [base] = args
  if (base !== undefined && !cidText.safeParse(base).success) {
    throw new CliError('bad-input', `"${base}" is not the CID of a base.`, {
      hint: '`coldmesh log` prints the CIDs of bases.',
    })
  }
  if ((options.without === undefined) !== (options.out === undefined)) {
    throw new CliError('bad-input', '--without and --out go together.', {
      hint: 'Name what is left out, and where the result goes: --without ID,ID --out DIR.',
    })
  }
  if (options.without !== undefined) return await runWithout(call, base)
  if (options.data === undefined) {
    throw new CliError('bad-input', 'It is not said by which data to judge.', {
      hint: 'Add --data FILE, with --test FILE beside it if there is one; or --without ID,ID --out DIR.',
    })
  }
  return await runJudge(call, base)
}

async function runJudge(call: Call<Options>, base: string | undefined): Promise<number> {
  const { options, output, signal } = call
  const seeds = Array.from({ length: options.seeds }, (_, index) => (options.seed ?? 1) + index)
  const [task] = await withReadingLine(output, (onRead) => readEvalTasks({ ...options, tasks: undefined }, onRead))
  if (task === undefined) throw new Error('one file, one task')
  await using source = await openHistorySource(dirOf(options), signal)
  const trainer = await createTrainer(trainerOptionsOf(options, { output }))
  const line = createStatusLine(output)
  try {
    const report = await blameInputs({
      ...{ source, base, trainer, task, mode: options.blameMode, seeds, plan: planOf(call), signal },
      ...defined({ workers: options.threads }),
      onProgress: ({ step, what, done, total }) => {
        line.show(`${step} ${what} (${done + 1} of ${total})`)
        if (step === 'judges') output.progress({ event: 'judging', what, done, total }, () => `judges ${naming(what)}`)
      },
    })
    line.clear()
    output.result(report, () => formatBlame(report))
    return EXIT.done
  } finally {
    line.clear()
    await trainer.stop()
  }
}

const naming = (what: string) => (what === 'all' || what === 'the parent' ? what : `without ${short(what)}`)

async function runWithout({ options, output, signal }: Call<Options>, base: string | undefined): Promise<number> {
  await using source = await openHistorySource(dirOf(options), signal)
  const fused = await fuseWithout({
    ...{ source, base, signal },
    without: (options.without ?? '').split(','),
    out: resolve(options.out ?? ''),
    ...defined({ workers: options.threads }),
  })
  output.result(fused, () => describe(fused).join('\n'))
  return EXIT.done
}

function describe({ out, cid, weights, round, inputs, without }: FusedWithout): string[] {
  return [
    `round ${round} again, of ${inputs.length} contributions: ${cid}`,
    `  model.safetensors ${weights}`,
    ...without.map((id) => `  - ${id}`),
    `  files in ${show(out)}; no base of the network`,
  ]
}

function planOf({ options }: Pick<Call<Options>, 'options'>) {
  const { freeze, metric, positive, learningRate, headRate, steps, batch, accumulation, maxTokens } = options
  return defined({ freeze, metric, positive, learningRate, headRate, steps, batch, accumulation, maxTokens })
}
