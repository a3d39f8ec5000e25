import { LEAF_BYTES } from '../../checkpoint/leaves.ts'
import { createMagnitudes, RADIX } from '../../fusion/magnitudes.ts'
import { visitWindow } from '../../fusion/measure.ts'
import { createSquares } from '../../fusion/squares.ts'
import { squareBlocks } from './blocks.ts'
import { type Chunk, type Tools, visitChunks } from './chunks.ts'
import { addCounts } from './counts.ts'
import { type Job, NOTHING, type Work } from './job.ts'
import { readLeaf, readRange } from './read-files.ts'
import { type Range, scan } from './scan.ts'
import { createTools } from './tools.ts'

// The passes before the last: over float elements widened to F32, late ones as what they stand for.

/** Squared differences from the base, block by block. */
export function createSquaresWork(job: Job & { kind: 'squares' }): Work {
  const tools = createTools(job)
  const { layout, files } = job
  const inputs = files.inputs.length
  const blocks = squareBlocks(layout)
  const sums = new Float64Array(job.sums)
  const add = tools && createSquaresKernel(tools, job)
  return {
    units: blocks.length,
    run(unit) {
      const range = blocks[unit] ?? { offset: 0, bytes: 0 }
      const found = add?.(range) ?? squaresInJavaScript(range)
      sums.set(found, unit * inputs)
    },
    end: () => NOTHING,
  }

  function squaresInJavaScript({ offset, bytes }: Range): readonly number[] {
    // as a whole leaf first: what is wrong is then named as it is without kernels
    for (let leaf = Math.floor(offset / LEAF_BYTES); leaf * LEAF_BYTES < offset + bytes; leaf++) {
      visitWindow(readWholeLeaf(job, leaf), () => {})
    }
    const squares = createSquares(inputs)
    visitWindow(readRange(layout, files, offset, bytes), squares.add)
    return squares.end()
  }
}

function createSquaresKernel(tools: Tools, job: Job): (range: Range) => readonly number[] | null {
  const { kernels, memory, scratch } = tools
  const inputs = job.files.inputs.length
  const padded = Math.ceil(inputs / 4) * 4
  const sums = new Float64Array(memory.buffer, scratch.factors, padded)
  const table = new Uint32Array(memory.buffer, scratch.table, padded)
  return (range) => {
    sums.fill(0)
    const isDone = scanChunks(tools, job, range, ({ base, count }) => {
      table.fill(base, inputs)
      kernels.addSquares(scratch.table, padded, base, scratch.factors, count)
      return true
    })
    const found = [...sums.subarray(0, inputs)]
    return isDone && found.every(Number.isFinite) ? found : null
  }
}

/** Leaves whose elements are fewer than what 32 bits count. */
const LEAVES_COUNTED = 4096

/** Magnitudes of each input, counted. */
export function createCountWork(job: Job & { kind: 'count' }): Work {
  const tools = createTools(job)
  const { uppers, files } = job
  const own = tools === null ? files.inputs.map(() => new Uint32Array(RADIX)) : countersOf(tools)
  const magnitudesOf = createMagnitudes()
  let leaves = 0
  const share = () => {
    for (const [input, found] of own.entries()) addCounts(job.counts, input, found)
    leaves = 0
  }
  return {
    units: leavesOf(job),
    run(leaf) {
      if (leaves++ === LEAVES_COUNTED) share()
      if (tools !== null && countByKernel(tools, job, leaf)) return
      visitWindow(readWholeLeaf(job, leaf), ({ inputs, base, length }) => {
        for (const [input, values] of inputs.entries()) {
          const [bits, into] = [magnitudesOf(values, base, length), own[input] ?? new Uint32Array()]
          for (const word of bits.subarray(0, length)) {
            const bin = binOf(word, uppers?.[input])
            if (bin >= 0) into[bin] = (into[bin] ?? 0) + 1
          }
        }
      })
    },
    end() {
      share()
      return NOTHING
    },
  }
}

function countersOf({ memory, scratch }: Tools): readonly Uint32Array[] {
  return scratch.counters.map((address) => new Uint32Array(memory.buffer, address, RADIX))
}

/** Where a magnitude is counted; -1: nowhere. */
function binOf(word: number, upper: number | undefined): number {
  if (upper === undefined) return Math.floor(word / RADIX)
  return Math.floor(word / RADIX) === upper ? word % RADIX : -1
}

/** False when something is wrong; what was counted is then worth nothing. */
function countByKernel(tools: Tools, job: Job & { kind: 'count' }, leaf: number): boolean {
  const { kernels, memory, scratch } = tools
  const { uppers } = job
  return scanChunks(tools, job, leafRange(job, leaf), ({ inputs, base, count, length }) =>
    inputs.every((values, input) => {
      const counters = scratch.counters[input] ?? 0
      const upper = uppers?.[input]
      const isBad =
        upper === undefined
          ? kernels.countUpper(values, base, counters, count)
          : kernels.countLower(values, base, upper, counters, count)
      // zeros behind a tail are counted with the others
      if (count > length && (upper ?? 0) === 0) {
        const zeros = new Uint32Array(memory.buffer, counters, 1)
        zeros[0] = (zeros[0] ?? 0) - (count - length)
      }
      return isBad === 0
    }),
  )
}

/** How many magnitudes of a leaf are equal to the input's key. */
export function createEqualWork(job: Job & { kind: 'equal' }): Work {
  const tools = createTools(job)
  const { keys } = job
  const inputs = job.files.inputs.length
  const equal = new Float64Array(job.equal)
  const magnitudesOf = createMagnitudes()
  return {
    units: leavesOf(job),
    run(leaf) {
      const found = equal.subarray(leaf * inputs, (leaf + 1) * inputs)
      const add = (input: number, count: number) => {
        found[input] = (found[input] ?? 0) + count
      }
      if (tools !== null) {
        const isDone = scanChunks(tools, job, leafRange(job, leaf), ({ inputs: values, base, count, length }) => {
          for (const [input, key] of keys.entries()) {
            const padding = key === 0 ? count - length : 0
            add(input, tools.kernels.countEqual(values[input] ?? 0, base, key, count) - padding)
          }
          return true
        })
        if (isDone) return
        found.fill(0)
      }
      visitWindow(readWholeLeaf(job, leaf), ({ inputs: values, base, length }) => {
        for (const [input, key] of keys.entries()) {
          const bits = magnitudesOf(values[input] ?? new Float32Array(), base, length).subarray(0, length)
          add(
            input,
            bits.reduce((sum, word) => (word === key ? sum + 1 : sum), 0),
          )
        }
      })
    },
    end: () => NOTHING,
  }
}

function leavesOf({ layout }: Job): number {
  return Math.ceil(layout.totalBytes / LEAF_BYTES)
}

function leafRange({ layout }: Job, leaf: number): Range {
  const offset = leaf * LEAF_BYTES
  return { offset, bytes: Math.min(LEAF_BYTES, layout.totalBytes - offset) }
}

function readWholeLeaf(job: Job, leaf: number) {
  const { offset, bytes } = leafRange(job, leaf)
  return readLeaf(job.layout, job.files, offset, bytes)
}

/** Chunks of float elements, as F32; false when something is wrong. */
function scanChunks(tools: Tools, { layout, files }: Job, range: Range, visit: (chunk: Chunk) => boolean): boolean {
  const isBaseFinite = (chunk: Chunk) => tools.kernels.of.F32.notFinite(chunk.base, chunk.count) === 0
  return scan(tools, { layout, files, needsBase: true, comparesIntegers: false }, range, {
    floats: (places) =>
      visitChunks(
        tools,
        places,
        { isWidened: true, isRounded: true, takesBase: true },
        (chunk) => isBaseFinite(chunk) && visit(chunk),
      ),
  })
}
