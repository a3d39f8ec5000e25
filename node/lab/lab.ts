import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { createTrainer, type LabProgress, type LabResult, runLab } from 'coldmesh'
import type { Run } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { VERSION } from '../package-root.ts'
import type { Output } from '../text/output.ts'
import { duration } from '../text/wait.ts'
import { formatCurves } from './curves.ts'
import { readPlan } from './read-plan.ts'
import { renderReport } from './report.ts'
import { formatResult } from './table.ts'

const MAX_DEFAULT_PARALLEL = 8

export const runLabCommand: Run<'out' | 'parallel'> = async ({ args, options, output, signal }) => {
  const path = args[0] ?? ''
  const { source, plan, tasks, base, threads, engine, ...file } = await readPlan(path)
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
    createTrainer: () => createTrainer({ engine, threads }),
    signal,
    onProgress: (progress) => report(progress, output),
  })
  const files = writeFiles(out, result, source)
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

function writeFiles(out: string, result: LabResult, source: unknown): readonly string[] {
  mkdirSync(out, { recursive: true })
  const madeWith = { source, coldmesh: VERSION, node: process.version, platform: `${process.platform} ${process.arch}` }
  const texts: readonly (readonly [string, string])[] = [
    ['result.json', `${JSON.stringify({ madeWith, ...result }, null, 2)}\n`],
    ['curves.csv', formatCurves(result)],
    ['report.html', renderReport(result, madeWith)],
  ]
  return texts.map(([name, text]) => {
    const path = join(out, name)
    writeFileSync(path, text)
    return path
  })
}
