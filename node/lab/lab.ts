import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { createTrainer, type LabProgress, type LabResult, runLab } from 'coldmesh'
import type { Run } from '../command.ts'
import { trainerOptionsOf } from '../commands/training.ts'
import { EXIT } from '../exit-codes.ts'
import { VERSION } from '../package-root.ts'
import type { Output } from '../text/output.ts'
import { withReadingLine } from '../text/reading.ts'
import { duration } from '../text/wait.ts'
import { formatCurves } from './curves.ts'
import { readPlan } from './read-plan.ts'
import { renderReport } from './report.ts'
import { formatResult } from './table.ts'

const MAX_DEFAULT_PARALLEL = 8

export const runLabCommand: Run<'out' | 'parallel' | 'threads' | 'engine'> = async ({
  args,
  options,
  output,
  signal,
}) => {
  const path = args[0] ?? ''
  const { source, plan, tasks, base, ...file } = await withReadingLine(output, (onRead) => readPlan(path, onRead))
  const threads = options.threads ?? file.threads
  const engine = options.engine === 'auto' ? file.engine : options.engine
  const out = resolve(options.out ?? file.out ?? `lab-${plan.name}`)
  const parallel =
    options.parallel ??
    file.parallel ??
    Math.min(MAX_DEFAULT_PARALLEL, Math.max(1, Math.floor(availableParallelism() / threads)))
  output.say(
    `${plan.rounds} rounds, seeds ${plan.seeds.join(', ')}, ${tasks.length} tasks, ${parallel} at once, into ${out}`,
  )
  const result = await runLab({
    plan,
    tasks,
    base,
    out,
    parallel,
    createTrainer: () => createTrainer(trainerOptionsOf({ engine, threads }, { output })),
    signal,
    onProgress: (progress) => report(progress, output),
    onResult: (soFar) => writeFiles(out, soFar, source),
  })
  const files = FILES.map((name) => join(out, name))
  output.result({ out, files, curves: result.curves, gains: result.gains, runs: result.runs }, () =>
    [formatResult(result, output.colors), '', `results   ${files.join('\n          ')}`].join('\n'),
  )
  return result.runs.every(({ verified }) => verified?.valid) ? EXIT.done : EXIT.notValid
}

function report(progress: LabProgress, output: Output): void {
  const { done, total, what, secondsLeft } = progress
  const left = secondsLeft === null ? '' : `, about ${duration(secondsLeft * 1000)} left`
  output.progress({ event: 'progress', ...progress }, () => `${done} of ${total}: ${what}${left}`)
}

const FILES = ['result.json', 'curves.csv', 'report.html'] as const

/** Written again whenever there is more, so that a long lab can be watched, and one that was stopped has shown what it had. */
function writeFiles(out: string, result: LabResult, source: unknown): void {
  const madeWith = { source, coldmesh: VERSION, node: process.version, platform: `${process.platform} ${process.arch}` }
  const texts = {
    'result.json': `${JSON.stringify({ madeWith, ...result }, null, 2)}\n`,
    'curves.csv': formatCurves(result),
    'report.html': renderReport(result, madeWith),
  }
  for (const name of FILES) writeFileSync(join(out, name), texts[name])
}
