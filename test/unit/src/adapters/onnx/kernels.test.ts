import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { createKernels, createMemory } from '../../../../../src/adapters/onnx/kernels.ts'

const SOURCE = new URL('../../../../../src/adapters/onnx/', import.meta.url)

describe('adam-wasm.ts', () => {
  it('is what adam.wat compiles to, byte for byte', async () => {
    const { buildAdam } = await import(new URL('build-adam.mjs', SOURCE).href)
    const rebuilt = await buildAdam(await readFile(new URL('adam.wat', SOURCE), 'utf8'))
    assert.equal(await readFile(new URL('adam-wasm.ts', SOURCE), 'utf8'), rebuilt)
  })
})

describe('createKernels', () => {
  const memory = createMemory(1 << 20)
  const kernels = createKernels(memory)
  const floats = (address: number, count: number) => new Float32Array(memory.buffer, address, count)

  it('adds, scales and sums squares', () => {
    const [a, b] = [floats(1024, 8), floats(2048, 8)]
    a.set([1, 2, 3, 4, 5, 6, 7, 8])
    b.set([8, 7, 6, 5, 4, 3, 2, 1])
    kernels.add(1024, 2048, 8)
    assert.deepEqual([...a], Array(8).fill(9))
    kernels.scale(2048, 8, 0.5)
    assert.deepEqual([...b], [4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5])
    assert.equal(kernels.sumOfSquares(2048, 8), 51)
  })

  it('sums squares in double precision', () => {
    const count = 100_000
    floats(4096, count).fill(0.1)
    // In single precision four sums of 25,000 terms each would be off by more than this.
    assert.ok(Math.abs(kernels.sumOfSquares(4096, count) / (count * Math.fround(0.1) ** 2) - 1) < 1e-12)
  })

  it('makes steps of AdamW, and flushes tiny moments to zero', () => {
    const [w, g, m, v] = [floats(1024, 4), floats(2048, 4), floats(3072, 4), floats(4096, 4)]
    w.set([1, -1, 0.5, 2])
    g.set([0.1, -0.2, 0, 1e-25])
    m.fill(0)
    v.fill(0)
    const [rate, decay, beta1, beta2] = [0.01, 0.1, 0.9, 0.999]
    const expected = Array.from(w, (weight, index) => {
      const gradient = g[index] ?? 0
      // The first step: corrected moments are the gradient and its square.
      const change = Math.abs(gradient) < 1e-20 ? 0 : gradient / (Math.abs(gradient) + 1e-8)
      return weight * (1 - rate * decay) - rate * change
    })
    const [step, root, keep] = [rate / (1 - beta1), 1 / Math.sqrt(1 - beta2), 1 - rate * decay]
    kernels.adam(1024, 2048, 3072, 4096, 4, 1, beta1, 1 - beta1, beta2, 1 - beta2, step, root, 1e-8, keep)
    for (const [index, weight] of w.entries()) assert.ok(Math.abs(weight - (expected[index] ?? 0)) < 1e-5)
    assert.equal(v[3], 0)
  })

  function masks(rate: number, count: number, state: readonly number[]): Float32Array {
    new Uint32Array(memory.buffer, 64, 16).set(state)
    kernels.dropout(1024, count, Math.floor(rate * 2 ** 32), 1 / (1 - rate), 64)
    return floats(1024, count).slice()
  }
  const state = Array.from({ length: 16 }, (_, index) => Math.imul(index + 1, 0x9e3779b9) >>> 0)

  for (const rate of [0.1, 0.5, 0.9]) {
    it(`drops a share of ${rate} and scales the rest so that the mean stays 1`, () => {
      const count = 200_000
      const mask = masks(rate, count, state)
      const dropped = mask.filter((value) => value === 0).length / count
      // Five standard deviations of a share of independent draws.
      assert.ok(Math.abs(dropped - rate) < 5 * Math.sqrt((rate * (1 - rate)) / count), `${dropped}`)
      const kept = Math.fround(1 / (1 - rate))
      assert.ok(mask.every((value) => value === 0 || value === kept))
    })
  }

  it('drops neighbours, and values of the next call, independently', () => {
    const count = 100_000
    const first = masks(0.5, count, state)
    kernels.dropout(1024, count, 2 ** 31, 2, 64)
    const second = floats(1024, count)
    const bound = 5 / Math.sqrt(count)
    for (const distance of [1, 2, 4, 32]) {
      let same = 0
      for (let index = distance; index < count; index++) same += first[index] === first[index - distance] ? 1 : -1
      assert.ok(Math.abs(same / count) < bound, `distance ${distance}: ${same / count}`)
    }
    const repeated = first.reduce((sum, value, index) => sum + (value === second[index] ? 1 : -1), 0)
    assert.ok(Math.abs(repeated / count) < bound)
  })

  it('makes the same mask from the same state', () => {
    assert.deepEqual(masks(0.3, 1_000, state), masks(0.3, 1_000, state))
  })
})
