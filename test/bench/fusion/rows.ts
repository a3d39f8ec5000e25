import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { inProcess, type ProcessCost } from '../measure.ts'
import type { Row, Rows, Setup, Size } from '../report.ts'
import { buildEngine } from './built.ts'
import type { FuseAnswer, FuseJob } from './jobs.ts'
import { fuseResident, type Resident } from './resident.ts'

const INPUTS = 8
const ELEMENTS = 16_000_000
const RUNS = 9
const PYTHON = process.env['PYTHON'] ?? 'python3'
const here = (name: string) => join(import.meta.dirname, name)

/** Fusion in memory beside C, and of files beside reading them; also PyTorch, numpy and mergekit, where PYTHON has them. */
export const rows: Rows = async function* (setup) {
  yield* resident(setup)
  for (const size of setup.sizes) yield* ofFiles(setup, size)
}

function row(more: Partial<Row> & Pick<Row, 'what'>): Row {
  return {
    ...{ step: 'fusion', size: '', yardstick: '', ratio: null, target: null, gigabytesPerSecond: null },
    ...{ peakMegabytes: null, cpuSecondsPerGigabyte: null, note: '' },
    ...more,
  }
}

async function* resident({ scratch, say }: Setup): AsyncGenerator<Row> {
  const yardstick = runC(scratch)
  if (yardstick === null) say('gcc is not here: rows beside C are left out')
  const run = (rule: 'mean/1' | 'median/1', threads: number, dtype: 'F32' | 'BF16' | 'F16' = 'F32') =>
    fuseResident({ rule, dtype, threads, elements: ELEMENTS, runs: RUNS })
  const bytes = INPUTS * ELEMENTS * 4
  const beside = (what: string, found: Resident, seconds: number, sum: number, target: number): Row => {
    const isEqual = found.checksum === sum
    return row({
      ...{ what, yardstick: 'C, -O3 -march=native', ratio: seconds / found.seconds, target },
      ...{ gigabytesPerSecond: bytes / found.seconds / 1e9, note: isEqual ? 'equal bits' : 'OTHER BITS' },
      ...(isEqual ? {} : { holds: false }),
    })
  }
  const mean = await run('mean/1', 1)
  if (yardstick !== null) {
    const { mean1, mean2, meanSum, median1, medianSum } = yardstick
    yield beside('mean/1, N = 8, F32, resident, one worker', mean, mean1, meanSum, 0.9)
    yield beside('the same, two workers', await run('mean/1', 2), mean2, meanSum, 0.9)
    yield beside('median/1, N = 8, F32, resident, one worker', await run('median/1', 1), median1, medianSum, 0.8)
  }
  yield* besideNumpy(await run('median/1', 1), { scratch, say })
  for (const dtype of ['BF16', 'F16'] as const) {
    const half = await run('mean/1', 1, dtype)
    yield row({
      ...{ what: `mean/1, N = 8, ${dtype}, resident`, yardstick: 'F32, in elements a second' },
      ...{ ratio: mean.seconds / half.seconds, target: dtype === 'BF16' ? 0.5 : null },
      gigabytesPerSecond: bytes / 2 / half.seconds / 1e9,
    })
  }
}

async function* besideNumpy(
  { seconds }: Resident,
  { scratch, say }: Pick<Setup, 'scratch' | 'say'>,
): AsyncGenerator<Row> {
  const [elements, inputs] = [2_000_000, writePaths(scratch)]
  for (const [seed, path] of inputs.entries()) await writeCheckpoint({ path, bytes: elements * 4, seed })
  const numpy = runPython('numpy', '', inputs)
  if (numpy === null) {
    say(`numpy and safetensors are not in ${PYTHON}: the row is left out`)
    return
  }
  const speed = (INPUTS * ELEMENTS * 4) / seconds
  yield row({
    ...{ what: 'median/1, N = 8, F32, resident, one worker', yardstick: 'numpy, np.median', target: 20 },
    ...{ ratio: speed / ((INPUTS * elements * 4) / numpy.seconds), gigabytesPerSecond: speed / 1e9 },
  })
}

/** Each in a directory of its own, as a model is. */
function writePaths(scratch: string): readonly string[] {
  return Array.from({ length: INPUTS }, (_, input) => {
    const directory = join(scratch, `${input}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'config.json'), '{"model_type":"bert","architectures":["BertModel"]}')
    return join(directory, 'model.safetensors')
  })
}

interface Yardstick {
  readonly mean1: number
  readonly mean2: number
  readonly meanSum: number
  readonly median1: number
  readonly medianSum: number
}

function runC(scratch: string): Yardstick | null {
  const program = join(scratch, 'kernels')
  const flags = ['-O3', '-march=native', '-ffp-contract=off', '-pthread']
  if (spawnSync('gcc', [...flags, here('kernels.c'), '-o', program]).status !== 0) return null
  return JSON.parse(spawnSync(program, [`${ELEMENTS}`, `${RUNS}`], { encoding: 'utf8' }).stdout)
}

const RULES: readonly (readonly [rule: string, params: FuseJob['params'], target: number | null])[] = [
  ['mean/1', {}, 0.6],
  ['clipped-mean/1', {}, null],
  ['median/1', {}, null],
  ['ties/1', { density: 200_000_000 }, null],
]

async function* ofFiles({ scratch, say }: Setup, size: Size): AsyncGenerator<Row> {
  const inputs = writePaths(scratch)
  const base = join(scratch, 'base.safetensors')
  say(`writes nine checkpoints of ${size.name}`)
  const layout = await writeCheckpoint({ path: base, bytes: size.bytes, seed: 99 })
  for (const [seed, path] of inputs.entries()) await writeCheckpoint({ path, bytes: size.bytes, seed })
  const out = join(scratch, 'out.safetensors')
  const gigabytes = (INPUTS * layout.totalBytes) / 1e9
  const told = { ...layout, header: Buffer.from(layout.header).toString('base64') }
  const reading = await bestOf(() => inProcess<ProcessCost>(here('read-files.ts'), { inputs }))
  const engine = buildEngine(scratch)
  let meanSeconds = 0
  for (const [rule, params, target] of RULES) {
    const job: FuseJob = { layout: told, rule, params, base, inputs, out, workers: 2, engine }
    const cost = await bestOf(async () => {
      rmSync(out, { force: true })
      return await inProcess<FuseAnswer>(here('fuse-files.ts'), job)
    })
    if (rule === 'mean/1') meanSeconds = cost.seconds
    yield row({
      ...{ what: `${rule}, 8 files of F32 to one with its leaves’ hashes, two workers`, size: size.name, target },
      ...{ yardstick: 'reading 8 files and hashing 1, one thread', ratio: reading.seconds / cost.seconds },
      ...{ gigabytesPerSecond: gigabytes / cost.seconds, peakMegabytes: cost.peakBytes / 1e6 },
      ...{ cpuSecondsPerGigabyte: cost.cpuSeconds / gigabytes, note: `event loop p99 ${cost.delayMs.toFixed(0)} ms` },
    })
  }
  const first: FuseJob = {
    layout: told,
    rule: 'mean/1',
    params: {},
    base,
    inputs,
    out,
    workers: 2,
    engine,
    isCold: true,
  }
  const cold = await bestOf(() => inProcess<FuseAnswer>(here('fuse-files.ts'), first))
  yield row({
    ...{ what: 'mean/1, the first of a process: with the start of its threads', size: size.name },
    ...{ yardstick: 'reading 8 files and hashing 1, one thread', ratio: reading.seconds / cold.seconds },
    ...{ gigabytesPerSecond: gigabytes / cold.seconds, peakMegabytes: cold.peakBytes / 1e6 },
    cpuSecondsPerGigabyte: cold.cpuSeconds / gigabytes,
  })
  for (const [tool, times] of [
    ['torch', 1],
    ['mergekit', 5],
  ] as const) {
    const other = runPython(tool, join(scratch, tool), inputs)
    if (other === null) {
      say(`${tool} is not in ${PYTHON}: its row is left out`)
      continue
    }
    yield row({
      ...{ what: 'mean/1, whole, as above', size: size.name, yardstick: `${tool}, without its imports` },
      ...{ ratio: other.seconds / meanSeconds, target: times },
      note: `${tool}: ${(other.peakBytes / 1e6).toFixed(0)} MB at most`,
    })
  }
}

async function bestOf<Cost extends ProcessCost>(work: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = []
  for (let run = 0; run < 3; run++) costs.push(await work())
  costs.sort((a, b) => a.seconds - b.seconds)
  const [first] = costs
  if (first === undefined) throw new Error('three runs')
  return { ...first, peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)) }
}

function runPython(
  tool: string,
  out: string,
  inputs: readonly string[],
): { seconds: number; peakBytes: number } | null {
  const { status, stdout } = spawnSync(PYTHON, [here('torch_average.py'), tool, out, ...inputs], { encoding: 'utf8' })
  return status === 0 ? JSON.parse(stdout.trim().split('\n').at(-1) ?? '') : null
}
