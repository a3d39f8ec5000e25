import { FLOAT_BYTES } from '../../floats/dtypes.ts'
import type { ReadyRule } from '../../fusion/rule.ts'
import { sortingNetwork } from '../../fusion/sorting-network.ts'
import { usesBase } from '../../fusion/uses-base.ts'
import { type Chunk, type Places, type Tools, visitChunks } from './chunks.ts'
import { middle, pruneNetwork } from './networks.ts'
import { KEYS_BYTES, type Scratch } from './scratch.ts'
import { createTrimmer } from './trimmer.ts'

/** Fuses elements to `out`; false when an input, the base or a result is not finite. What was written is then worth nothing. */
export type PartFuser = (places: Places, out: number) => boolean

/** What a rule makes of a chunk: its numbers, before a division that is left to the rounding. Null: something is not finite. */
type Numbers = (chunk: Chunk) => number | null

/** A rule by WebAssembly, with the bits of its JavaScript. For `ties/1`, one for each leaf. */
export function createPartFuser(tools: Tools, ready: ReadyRule, inputs: number): PartFuser {
  const { kernels, memory, scratch } = tools
  const numbersOf = createNumbers(tools, ready, inputs)
  const isOrdered = ['trimmed-mean/1', 'median/1', 'ties/1'].includes(ready.rule)
  const options = { isWidened: isOrdered, isRounded: ready.rule !== 'mean/1', takesBase: usesBase(ready) }
  const needsBase = usesBase(ready)
  const bytes = new Uint8Array(memory.buffer)

  return (places, out) => {
    const { dtype } = places
    const size = FLOAT_BYTES[dtype]
    const done = isPlain(ready, places) ? writePlain(tools, ready, places, out) : 0
    const rest = done === 0 ? places : skip(places, done)
    return visitChunks(tools, rest, options, (chunk) => {
      const { from, length, count, base, readAs } = chunk
      if (needsBase && kernels.of[readAs].notFinite(base, count) !== 0) return false
      let divisor = numbersOf(chunk)
      if (divisor === null) return false
      if (ready.step !== null) {
        kernels.divide(scratch.sums, divisor, count)
        kernels.of[readAs].step(scratch.sums, ready.step, base, count)
        divisor = 1
      }
      const into = out + (done + from) * size
      const isWhole = length === count
      if (kernels.of[dtype].round(scratch.sums, divisor, isWhole ? into : scratch.outRow, count) !== 0) return false
      if (!isWhole) bytes.copyWithin(into, scratch.outRow, scratch.outRow + length * size)
      return true
    })
  }
}

/** Whether elements of F32 can go from registers to the result. */
function isPlain({ step }: ReadyRule, { dtype, parents }: Places): boolean {
  return step === null && dtype === 'F32' && parents.every((parent) => parent === null)
}

/** Means and medians of F32 in one go, but for a tail of fewer than 16 elements. How many it did: none where something may not be finite. */
function writePlain({ kernels, memory, scratch }: Tools, { rule }: ReadyRule, places: Places, out: number): number {
  const { inputs } = places
  const count = places.count - (places.count % 16)
  const median = rule === 'median/1' ? kernels.writtenMedians.get(inputs.length) : undefined
  if (rule !== 'mean/1' && median === undefined) return 0
  new Uint32Array(memory.buffer, scratch.table, inputs.length).set(inputs)
  const isBad = median?.(scratch.table, 0, out, count) ?? kernels.mean(scratch.table, inputs.length, 0, out, count)
  return isBad === 0 ? count : 0
}

function skip({ dtype, count, base, inputs, parents }: Places, done: number): Places {
  const bytes = done * FLOAT_BYTES[dtype]
  return {
    ...{ dtype, count: count - done, base: base + bytes, inputs: inputs.map((address) => address + bytes) },
    parents: parents.map((address) => (address === null ? null : address + bytes)),
  }
}

function createNumbers(tools: Tools, ready: ReadyRule, inputs: number): Numbers {
  const { kernels, memory, scratch } = tools
  const { table, factors, sums } = scratch
  const setFactors = (values: readonly number[]) => new Float64Array(memory.buffer, factors, inputs).set(values)
  switch (ready.rule) {
    case 'mean/1':
      return (chunk) => addInputs(tools, chunk)
    case 'weighted-mean/1': {
      setFactors(ready.weights)
      const total = ready.weights.reduce((sum, weight) => sum + weight, 0)
      return ({ readAs, count }) => {
        kernels.clear(sums, count)
        kernels.of[readAs].addTimes(table, inputs, factors, 0, sums, count)
        return total
      }
    }
    case 'clipped-mean/1':
      setFactors(ready.factors.map((factor) => factor / 65_536))
      return ({ readAs, count, base }) => {
        kernels.clear(sums, count)
        kernels.of[readAs].addClipped(table, inputs, factors, base, 0, sums, count)
        kernels.of[readAs].addBase(sums, inputs, base, count)
        return 1
      }
    case 'median/1':
      return createOrder(tools, inputs, middle(inputs))
    case 'trimmed-mean/1':
      return createOrder(tools, inputs, { from: ready.trim, to: inputs - ready.trim })
    case 'ties/1': {
      const trim = createTrimmer(tools, ready.kept)
      return (chunk) => {
        const { base, count } = chunk
        trim(chunk)
        if (kernels.ties(table, inputs, scratch.limits, base, sums, count) !== 0) return null
        kernels.of.F32.scale(sums, ready.scale, base, count)
        return 1
      }
    }
  }
}

/** The inputs' sum; a rebased one is added as the double that it stands for. */
function addInputs({ kernels, memory, scratch }: Tools, chunk: Chunk): number {
  const { readAs, count, inputs, parents, base } = chunk
  const { table, sums, more } = scratch
  const of = kernels.of[readAs]
  kernels.clear(sums, count)
  if (parents.every((parent) => parent === null)) {
    of.add(table, inputs.length, 0, sums, count)
    return inputs.length
  }
  const alone = new Uint32Array(memory.buffer, table, 1)
  for (const [input, address] of inputs.entries()) {
    const parent = parents[input] ?? null
    if (parent === null) {
      alone[0] = address
      of.add(table, 1, 0, sums, count)
    } else {
      of.rebase(address, parent, base, more, count)
      kernels.addDoubles(sums, more, count)
    }
  }
  return inputs.length
}

interface Ranks {
  readonly from: number
  readonly to: number
}

function createOrder({ kernels, memory, scratch }: Tools, inputs: number, { from, to }: Ranks): Numbers {
  const { table, network, keys, sums } = scratch
  const median = from === middle(inputs).from && to === middle(inputs).to ? kernels.medians.get(inputs) : undefined
  if (median) return ({ count }) => (median(table, 0, sums, count) === 0 ? to - from : null)
  const comparators = pruneNetwork(sortingNetwork(inputs), from, to)
  writeNetwork(memory.buffer, scratch, comparators)
  return ({ count }) => {
    const isBad = kernels.order(table, inputs, network, comparators.length, keys, from, to, 0, sums, count) !== 0
    return isBad ? null : to - from
  }
}

function writeNetwork(memory: ArrayBuffer, { network }: Scratch, comparators: readonly Iterable<number>[]): void {
  const offsets = comparators.flatMap((pair) => [...pair].map((rank) => rank * KEYS_BYTES))
  new Uint32Array(memory, network, offsets.length).set(offsets)
}
