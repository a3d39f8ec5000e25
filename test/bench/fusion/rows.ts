import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { writeCheckpoint, writeWeights } from '../checkpoint-file.ts'
import { inProcess, type ProcessCost } from '../measure.ts'
import type { Row, Rows, Setup, Size } from '../report.ts'
import { buildEngine } from './built.ts'
import type { FuseAnswer, FuseJob } from './jobs.ts'
import { llamaOf, tensorsOf, writeConfig } from './llama.ts'
import { PYTHON, runPython } from './python.ts'
import { fuseResident, type Resident } from './resident.ts'

const INPUTS = 8
const ELEMENTS = 16_000_000
const RUNS = 9
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
    say(`NOT MEASURED beside numpy: it or safetensors is not in ${PYTHON}; the variable PYTHON names another`)
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
    const cost = await fuseFiles({ layout: told, rule, params, base, inputs, out, workers: 2, engine })
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
  const cold = await fuseFiles(first)
  yield row({
    ...{ what: 'mean/1, the first of a process: with the start of its threads', size: size.name },
    ...{ yardstick: 'reading 8 files and hashing 1, one thread', ratio: reading.seconds / cold.seconds },
    ...{ gigabytesPerSecond: gigabytes / cold.seconds, peakMegabytes: cold.peakBytes / 1e6 },
    cpuSecondsPerGigabyte: cold.cpuSeconds / gigabytes,
  })
  const torch = runPython('torch', join(scratch, 'torch'), inputs)
  rmSync(join(scratch, 'torch'), { force: true })
  if (torch === null) say(`NOT MEASURED beside torch: it is not in ${PYTHON}; the variable PYTHON names another`)
  else {
    yield row({
      ...{ what: 'mean/1, whole, as above', size: size.name, yardstick: 'torch, without its imports' },
      ...{
        ratio: torch.seconds / meanSeconds,
        target: 1,
        note: `torch: ${(torch.peakBytes / 1e6).toFixed(0)} MB at most`,
      },
    })
  }
  yield* besideMergekit({ scratch, say }, size, { inputs, out, engine })
}

/** On a model that mergekit knows, of about the same size. */
async function* besideMergekit(
  { scratch, say }: Pick<Setup, 'scratch' | 'say'>,
  size: Size,
  { inputs, out, engine }: Pick<FuseJob, 'inputs' | 'out' | 'engine'>,
): AsyncGenerator<Row> {
  const model = llamaOf(size.bytes)
  const layout = encodeLayout(tensorsOf(model), { format: 'pt' })
  say(`writes eight models that mergekit knows, of ${(layout.totalBytes / 1e6).toFixed(0)} MB each`)
  for (const [seed, path] of inputs.entries()) {
    await writeConfig(model, path)
    await writeWeights({ path, layout, seed })
  }
  const merged = join(scratch, 'mergekit')
  const mergekit = runPython('mergekit', merged, inputs)
  rmSync(merged, { recursive: true, force: true })
  if (mergekit === null) {
    say(`NOT MEASURED beside mergekit: it is not in ${PYTHON}; the variable PYTHON names another`)
    return
  }
  const job: FuseJob = {
    ...{ rule: 'mean/1', params: {}, base: inputs[0] ?? '', inputs, out, workers: 2, engine },
    layout: { ...layout, header: Buffer.from(layout.header).toString('base64') },
  }
  const cost = await fuseFiles(job)
  yield row({
    ...{ what: `mean/1, 8 Llama models of F32, ${model.num_hidden_layers} layers, whole`, size: size.name },
    ...{ yardstick: 'mergekit, linear, without its imports', ratio: mergekit.seconds / cost.seconds, target: 5 },
    ...{ gigabytesPerSecond: (INPUTS * layout.totalBytes) / 1e9 / cost.seconds, peakMegabytes: cost.peakBytes / 1e6 },
    note: `mergekit: ${(mergekit.peakBytes / 1e6).toFixed(0)} MB at most`,
  })
}

const fuseFiles = (job: FuseJob): Promise<FuseAnswer> =>
  bestOf(async () => {
    rmSync(job.out, { force: true })
    return await inProcess<FuseAnswer>(here('fuse-files.ts'), job)
  })

async function bestOf<Cost extends ProcessCost>(work: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = []
  for (let run = 0; run < 3; run++) costs.push(await work())
  costs.sort((a, b) => a.seconds - b.seconds)
  const [first] = costs
  if (first === undefined) throw new Error('three runs')
  return { ...first, peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)) }
}
