import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AdamWOptions, adamWScratch, createAdamW } from '../../../../../src/adapters/onnx/adamw.ts'
import { createParameterMemory, type ParameterSpec } from '../../../../../src/adapters/onnx/parameters.ts'
import { createRandom } from '../../../../../src/training/random.ts'

const ROWS = 12
const COLUMNS = 4
const MATRIX = 20
const RATES = { body: 0.01, head: 0.1 }

/** What createAdamW must equal: AdamW over everything, every step, in float64. */
function createReference(
  { weightDecay, clipNorm }: AdamWOptions,
  decays: readonly boolean[],
  rates: readonly number[],
) {
  let steps = 0
  const moments = decays.map(() => ({ mean: [] as number[], square: [] as number[] }))
  return (weights: readonly number[][], gradients: readonly number[][]) => {
    steps++
    const norm = Math.sqrt(gradients.flat().reduce((sum, value) => sum + value * value, 0))
    const clip = clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1
    return weights.map((values, which) => {
      const { mean, square } = moments[which] ?? { mean: [], square: [] }
      const rate = rates[which] ?? 0
      return values.map((value, index) => {
        const gradient = (gradients[which]?.[index] ?? 0) * clip
        const m = 0.9 * (mean[index] ?? 0) + 0.1 * gradient
        const v = 0.999 * (square[index] ?? 0) + 0.001 * gradient ** 2
        mean[index] = m
        square[index] = v
        const change = m / (1 - 0.9 ** steps) / (Math.sqrt(v / (1 - 0.999 ** steps)) + 1e-8)
        return value * (decays[which] ? 1 - rate * weightDecay : 1) - rate * change
      })
    })
  }
}

function compare(options: AdamWOptions, tableGradient: 'rows' | 'both'): void {
  const specs: ParameterSpec[] = [
    { name: 'table', shape: [ROWS, COLUMNS], gradient: tableGradient, group: 'body' },
    { name: 'matrix', shape: [MATRIX], gradient: 'dense', group: 'head' },
    { name: 'some.bias', shape: [MATRIX], gradient: 'dense', group: 'body' },
  ]
  const memory = createParameterMemory(specs, adamWScratch(options, specs))
  const adamW = createAdamW(memory, options)
  const random = createRandom(1, 'test')
  const draw = (count: number) => Array.from({ length: count }, () => Math.fround(random.normal()))
  const names = specs.map(({ name }) => name)
  let expected = [draw(ROWS * COLUMNS), draw(MATRIX), draw(MATRIX)]
  for (const [index, name] of names.entries()) memory.view(name).set(expected[index] ?? [])
  const reference = createReference(options, [true, true, false], [RATES.body, RATES.head, RATES.body])

  for (let step = 0; step < 25; step++) {
    const sums = [ROWS * COLUMNS, MATRIX, MATRIX].map((count) => new Float64Array(count))
    for (let part = 0; part < options.accumulation; part++) {
      // Repeated ids, padding, and rows that no batch ever has.
      const ids = Int32Array.from([random.below(ROWS - 4), random.below(ROWS - 4), -1, random.below(step + 1) % 5, 0])
      adamW.prepare(ids)
      const rowGradients = draw(ids.length * COLUMNS)
      memory.floats(memory.scratch['rowGradients'] ?? 0, rowGradients.length).set(rowGradients)
      for (const [index, id] of ids.entries()) {
        if (id < 0) continue
        for (let column = 0; column < COLUMNS; column++) {
          addTo(sums[0], id * COLUMNS + column, (rowGradients[index * COLUMNS + column] ?? 0) / options.accumulation)
        }
      }
      for (const parameter of memory.parameters) {
        if (parameter.gradient === 'rows') continue
        const gradient = draw(parameter.count)
        memory.floats(parameter.gradients, parameter.count).set(gradient)
        const sum = sums[names.indexOf(parameter.name)]
        for (const [index, value] of gradient.entries()) addTo(sum, index, value / options.accumulation)
      }
      adamW.add(ids)
    }
    adamW.step(RATES)
    expected = reference(
      expected,
      sums.map((sum) => [...sum]),
    )
    if (step === 10) adamW.settle()
  }
  adamW.settle()
  for (const [index, name] of names.entries()) {
    for (const [place, value] of memory.view(name).entries()) {
      // Float32 against float64 over 25 steps of at most 0.1.
      assert.ok(Math.abs(value - (expected[index]?.[place] ?? Number.NaN)) < 1e-5, `${name} ${place}`)
    }
  }
}

function addTo(sums: Float64Array | undefined, place: number, value: number): void {
  if (sums !== undefined) sums[place] = (sums[place] ?? 0) + value
}

describe('createAdamW', () => {
  const table = { name: 'table', maxIds: 5 }
  const cases: AdamWOptions[] = [
    { weightDecay: 0, clipNorm: 0, accumulation: 1, table },
    { weightDecay: 0.5, clipNorm: 0, accumulation: 1, table },
    { weightDecay: 0.5, clipNorm: 3, accumulation: 1, table },
    { weightDecay: 0.5, clipNorm: 3, accumulation: 3, table },
  ]
  for (const options of cases) {
    for (const gradient of ['rows', 'both'] as const) {
      const { weightDecay, clipNorm, accumulation } = options
      it(`equals dense AdamW: ${gradient}, decay ${weightDecay}, clip ${clipNorm}, accumulation ${accumulation}`, () => {
        compare(options, gradient)
      })
    }
  }
})
