import { BETA1, BETA2, clipFactor, EPSILON } from '../../training/adam.ts'
import type { LearnerState } from '../../training/learner.ts'
import { bytesOf, readInto } from '../../training/learner-state.ts'
import { gradientFloats, type Parameter, type ParameterMemory, type ParameterSpec } from './parameters.ts'

export interface AdamWOptions {
  readonly weightDecay: number
  /** Global gradient norm is clipped to this; 0 = off. */
  readonly clipNorm: number
  /** Batches added up for a step. */
  readonly accumulation: number
  /** The table that is looked up, and the ids of one batch at most. */
  readonly table: { readonly name: string; readonly maxIds: number } | null
}

/** Floats of scratch memory that `createAdamW` needs for `specs`, by name. */
export function adamWScratch(options: AdamWOptions, specs: readonly ParameterSpec[]): Record<string, number> {
  const { accumulation, table } = options
  const scratch: Record<string, number> = {}
  if (accumulation > 1) scratch['gradientSums'] = gradientFloats(specs)
  const spec = specs.find(({ name }) => name === table?.name)
  if (table !== null && spec !== undefined) {
    const [rows = 0, columns = 0] = spec.shape
    scratch['rowGradients'] = table.maxIds * columns
    if (spec.gradient === 'rows') scratch['rowSums'] = Math.min(rows, table.maxIds * accumulation) * columns
  }
  return scratch
}

export interface AdamW {
  /** Brings the rows that a batch is about to look up up to date. Call before running it. */
  prepare(ids: Int32Array): void
  /** Takes in the gradients that the runtime wrote for one batch; `ids` are those of its rows, -1 for padding. */
  add(ids: Int32Array): void
  /** One step with the mean of what was added since the last; returns the gradient's norm before clipping. */
  step(rates: Readonly<Record<Parameter['group'], number>>): number
  /** The mean of the gradients added since the last step, by name. */
  gradients(): ReadonlyMap<string, Float32Array>
  /** Brings rows that no step has touched up to date. Call before reading weights. */
  settle(): void
  /** What it knows besides weights and moments, between two steps; and back. */
  save(): LearnerState
  load(state: LearnerState): boolean
}

/**
 * AdamW over weights in `memory`, with exactly dense semantics: a looked-up table's rows also move by their moments when a batch
 * lacks them, and decay from the first step on; that of rows never looked up is applied late, in one multiplication.
 */
export function createAdamW(memory: ParameterMemory, options: AdamWOptions): AdamW {
  const { kernels, scratch, gradients } = memory
  const trained = memory.parameters.filter(({ gradient }) => gradient !== 'none')
  const table = trained.find(({ name }) => name === options.table?.name) ?? null
  const rows = table?.gradient !== 'rows' ? null : createRowSums(memory, table)
  const sums = scratch['gradientSums'] ?? gradients.address
  let steps = 0
  let added = 0

  function add(ids: Int32Array): void {
    if (table?.gradient === 'both') addRows(table, ids)
    rows?.add(ids)
    if (sums !== gradients.address) {
      if (added === 0) memory.floats(sums, gradients.count).fill(0)
      kernels.add(sums, gradients.address, gradients.count)
    }
    added++
  }

  function addRows(tied: Parameter, ids: Int32Array): void {
    const columns = tied.shape[1] ?? 0
    const source = scratch['rowGradients'] ?? 0
    for (const [index, id] of ids.entries()) {
      if (id >= 0) kernels.add(tied.gradients + id * columns * 4, source + index * columns * 4, columns)
    }
  }

  function step(rates: Readonly<Record<Parameter['group'], number>>): number {
    steps++
    const norm = Math.sqrt(kernels.sumOfSquares(sums, gradients.count) + (rows?.sumOfSquares() ?? 0)) / added
    const scale = clipFactor(norm, options.clipNorm) / added
    const root = 1 / Math.sqrt(1 - BETA2 ** steps)
    for (const parameter of trained) {
      const { weights, means, squares, count, decays, group } = parameter
      const rate = rates[group]
      const size = rate / (1 - BETA1 ** steps)
      const keep = decays ? 1 - rate * options.weightDecay : 1
      const update = (offset: number, gradient: number, length: number, factor: number) =>
        kernels.adam(
          weights + offset,
          gradient,
          means + offset,
          squares + offset,
          length,
          factor,
          BETA1,
          1 - BETA1,
          BETA2,
          1 - BETA2,
          size,
          root,
          EPSILON,
          keep,
        )
      if (parameter === table && rows !== null) {
        rows.update(keep, (offset, gradient, length) =>
          gradient === null ? update(offset, means + offset, length, 0) : update(offset, gradient, length, scale),
        )
      } else {
        update(0, sums + parameter.gradients - gradients.address, (count + 3) & ~3, scale)
      }
    }
    added = 0
    return norm
  }

  function gradientOf(parameter: Parameter): Float32Array {
    if (parameter === table && rows !== null) return rows.dense()
    return memory.floats(sums + parameter.gradients - gradients.address, parameter.count).slice()
  }

  return {
    prepare: (ids) => rows?.prepare(ids),
    add,
    step,
    gradients: () =>
      new Map(trained.map((parameter) => [parameter.name, gradientOf(parameter).map((sum) => sum / added)])),
    settle: () => rows?.settle(),
    save: () => ({
      steps: bytesOf(Float64Array.of(steps, rows?.owed ?? 1)),
      activeRows: bytesOf(rows?.active() ?? new Int32Array()),
    }),
    load: (state) => {
      const numbers = new Float64Array(2)
      const active = new Int32Array((state['activeRows']?.byteLength ?? 0) / 4)
      if (
        !readInto(
          [
            ['steps', numbers],
            ['activeRows', active],
          ],
          state,
        )
      )
        return false
      steps = numbers[0] ?? 0
      rows?.goOn(active, numbers[1] ?? 1)
      return true
    },
  }
}

/** Sums per-token gradients by token, and knows which rows of the table have ever had one. */
function createRowSums(memory: ParameterMemory, table: Parameter) {
  const { kernels, scratch } = memory
  const tableRows = table.shape[0] ?? 0
  const columns = table.shape[1] ?? 0
  const rowBytes = columns * 4
  const source = scratch['rowGradients'] ?? 0
  const target = scratch['rowSums'] ?? 0
  const floats = memory.floats(0, memory.memory.buffer.byteLength / 4)
  /** Place of a row's sum in `target`; -1 for rows without one. */
  const slots = new Int32Array(tableRows).fill(-1)
  const summed: number[] = []
  const active: number[] = []
  const isActive = new Uint8Array(tableRows)
  /** Decay that rows not active still lack. */
  let owed = 1

  function activate(row: number): void {
    isActive[row] = 1
    active.push(row)
    if (owed !== 1) kernels.scale(table.weights + row * rowBytes, columns, owed)
  }

  return {
    prepare(ids: Int32Array): void {
      for (const id of ids) if (id >= 0 && isActive[id] === 0) activate(id)
    },
    add(ids: Int32Array): void {
      for (const [index, id] of ids.entries()) {
        if (id < 0) continue
        const from = source + index * rowBytes
        const slot = slots[id] ?? -1
        if (slot >= 0) {
          kernels.add(target + slot * rowBytes, from, columns)
          continue
        }
        const to = target + summed.length * rowBytes
        floats.copyWithin(to / 4, from / 4, from / 4 + columns)
        slots[id] = summed.length
        summed.push(id)
      }
    },
    /** The sums as one row for each of the table. */
    dense(): Float32Array {
      const sums = new Float32Array(tableRows * columns)
      for (const [slot, row] of summed.entries()) {
        sums.set(memory.floats(target + slot * rowBytes, columns), row * columns)
      }
      return sums
    },
    sumOfSquares: () => kernels.sumOfSquares(target, summed.length * columns),
    update(keep: number, update: (offset: number, gradient: number | null, length: number) => void): void {
      for (const row of active) {
        const slot = slots[row] ?? -1
        update(row * rowBytes, slot < 0 ? null : target + slot * rowBytes, columns)
      }
      owed *= keep
      for (const row of summed) slots[row] = -1
      summed.length = 0
    },
    get owed() {
      return owed
    },
    active: () => Int32Array.from(active),
    /** Takes over the rows that had a gradient; their weights are up to date. */
    goOn(rows: Int32Array, decay: number): void {
      isActive.fill(0)
      active.length = 0
      for (const row of rows) {
        isActive[row] = 1
        active.push(row)
      }
      owed = decay
    },
    settle(): void {
      if (owed === 1) return
      for (let row = 0; row < tableRows; row++) {
        if (isActive[row] === 0) kernels.scale(table.weights + row * rowBytes, columns, owed)
      }
      owed = 1
    },
  }
}
