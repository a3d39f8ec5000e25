import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { importFile as importWithLibrary } from 'ipfs-unixfs-importer'
import type { CID } from 'multiformats/cid'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { importFile, LEAF_BYTES } from '../../../src/checkpoint/unixfs.ts'
import { firstNonFiniteFloat } from '../../../src/floats/scan.ts'
import { fuseCheckpoints } from '../../../src/fusion/fuse.ts'
import { createSpanFuser } from '../../../src/fusion/javascript.ts'
import { validateCheckpoint } from '../../../src/fusion/validate.ts'

/**
 * Speed of fusing and importing per second of CPU time, as ratios to yardsticks taken in the same run: on a machine that does
 * other things too, wall time says little.
 *
 *     node test/bench/fusion/bench.ts        numpy too, if PYTHON (default python3) has it
 */
const INPUTS = 8
const ELEMENTS = 8 * 1_048_576
const RUNS = 12
const bytes = INPUTS * ELEMENTS * 4

const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [ELEMENTS] }])
const files = Array.from({ length: INPUTS }, (_, seed) => checkpoint(seed))
const tensors = files.map((file) => new Float32Array(file.buffer, layout.dataStart, ELEMENTS))
const out = new Float32Array(ELEMENTS)
const [file = new Uint8Array()] = files

const naive = await speed(() => naiveMean(tensors, out), bytes)
const naiveBits = hash('sha256', new Uint8Array(out.buffer))
const kernel = await speed(() => meanByWindow(), bytes)
if (hash('sha256', new Uint8Array(out.buffer)) !== naiveBits) throw new Error('the kernel and its definition differ')
const fusion = await speed(
  () =>
    drain(
      fuseCheckpoints({
        rule: 'mean/1',
        params: {},
        layout,
        base: () => chunks(file),
        inputs: files.map((input) => () => chunks(input)),
      }),
    ),
  bytes,
)
const scan = await speed(() => tensors.every((tensor) => firstNonFiniteFloat(tensor) < 0), bytes)
const validation = await speed(
  () => validateCheckpoint({ layout, base: chunks(file), checkpoint: chunks(file) }),
  file.length,
)
const numpy = runNumpy()

const hashing = await speed(() => hashLeaves(file), file.length)
const importing = await speed(() => importFile([file], () => {}, { reuseBlocks: true }), file.length)
const keeping = await speed(() => importFile([file], () => {}), file.length)
const store = { put: async (cid: CID) => cid }
const library = await speed(
  () => importWithLibrary({ content: file }, store, { profile: 'unixfs-v1-2025' }),
  file.length,
)

console.log(`mean of ${INPUTS} x ${ELEMENTS} F32, GB of input per CPU second (best of ${RUNS})`)
row('one loop over inputs inside one over elements', naive, naive)
row('mean/1 in JavaScript, by 1 MiB windows', kernel, naive)
row('fuseCheckpoints, from memory', fusion, naive)
if (numpy) {
  row('numpy, tensor by tensor', numpy.by_tensor, naive)
  row('numpy, np.mean(np.stack)', numpy.stacked, naive)
  console.log(
    `  mean/1 is ${(kernel / numpy.by_tensor).toFixed(2)} times numpy tensor by tensor, fuseCheckpoints ${(fusion / numpy.by_tensor).toFixed(2)} times`,
  )
}
row('firstNonFiniteFloat', scan, naive)
row('validateCheckpoint, from memory', validation, naive)
console.log(`import of ${file.length} bytes, GB per CPU second (best of ${RUNS})`)
row('sha-256 of 1 MiB blocks, the limit', hashing, hashing)
row('importFile, blocks reused', importing, hashing)
row('importFile, blocks to keep', keeping, hashing)
row('ipfs-unixfs-importer', library, hashing)

function row(name: string, value: number, yardstick: number): void {
  console.log(`  ${name.padEnd(48)} ${value.toFixed(2).padStart(6)}   ratio ${(value / yardstick).toFixed(2)}`)
}

async function speed(work: () => unknown, workBytes: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < RUNS; run++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return workBytes / best / 1e3
}

function naiveMean(inputs: readonly Float32Array[], result: Float32Array): void {
  for (let i = 0; i < result.length; i++) {
    let sum = 0
    for (let j = 0; j < inputs.length; j++) sum += inputs[j]?.[i] ?? 0
    result[i] = Math.fround(sum / inputs.length) + 0
  }
}

function meanByWindow(): void {
  const fuse = createSpanFuser({ rule: 'mean/1', step: null }, INPUTS)
  const window = LEAF_BYTES / 4
  for (let from = 0; from < ELEMENTS; from += window) {
    const cut = (tensor: Float32Array) =>
      new Uint8Array(tensor.buffer, tensor.byteOffset + from * 4, Math.min(window, ELEMENTS - from) * 4)
    fuse({ dtype: 'F32', base: cut(out), inputs: tensors.map(cut), parents: tensors.map(() => null) }, cut(out))
  }
}

async function* chunks(source: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.length; at += LEAF_BYTES) yield source.subarray(at, at + LEAF_BYTES)
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

function hashLeaves(source: Uint8Array): void {
  for (let at = 0; at < source.length; at += LEAF_BYTES) hash('sha256', source.subarray(at, at + LEAF_BYTES), 'buffer')
}

function checkpoint(seed: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(layout.totalBytes)
  made.set(layout.header)
  const floats = new Float32Array(made.buffer, layout.dataStart, ELEMENTS)
  let state = seed * 7919 + 1
  for (let i = 0; i < ELEMENTS; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    floats[i] = (state / 2_147_483_648) * 0.1
  }
  return made
}

function runNumpy(): { by_tensor: number; stacked: number } | undefined {
  const python = process.env['PYTHON'] ?? 'python3'
  const script = join(import.meta.dirname, 'numpy_mean.py')
  const { status, stdout } = spawnSync(python, [script, `${INPUTS}`, `${ELEMENTS}`], { encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout)
  console.log(`(no numpy in ${python}: its ratios are left out)`)
  return undefined
}
