import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bitsOf, finiteFloats, floatsOf, meanHalf as halfMean, meanF32 as mean } from './support.ts'

async function readVectors(
  name: string,
): Promise<{ cases: { title: string; inputs: string[][]; output: string[] }[] }> {
  return JSON.parse(await readFile(join(import.meta.dirname, '../../../vectors/fusion', name), 'utf8'))
}

const vectors = await readVectors('mean.v1.json')

/** The definition, one element at a time. */
function naiveMean(inputs: readonly Float32Array[]): Float32Array {
  return new Float32Array(inputs[0]?.length ?? 0).map((_, i) => {
    let sum = 0
    for (const input of inputs) sum += input[i] ?? 0
    const rounded = Math.fround(sum / inputs.length)
    return rounded === 0 ? 0 : rounded
  })
}

describe('mean/1 of F32', () => {
  for (const { title, inputs, output } of vectors.cases) {
    it(`gives the frozen bits: ${title}`, () => {
      assert.deepEqual(bitsOf(mean(inputs.map(floatsOf))), output)
    })
  }

  it('gives the same bits in every position of its blocks and groups, from 1 to 64 inputs', () => {
    const [first] = vectors.cases.filter(({ inputs }) => inputs.length === 64)
    assert.ok(first)
    const columns = first.inputs.map(floatsOf)
    for (let count = 1; count <= 64; count++) {
      const inputs = columns
        .slice(0, count)
        .map((column) => new Float32Array(4099).map((_, i) => column[i % column.length] ?? 0))
      assert.deepEqual(bitsOf(mean(inputs)), bitsOf(naiveMean(inputs)))
    }
  })

  it('equals its definition on values of every size', () => {
    const inputs = fc
      .integer({ min: 1, max: 20 })
      .chain((length) => fc.array(finiteFloats(length), { minLength: 1, maxLength: 64 }))
    fc.assert(
      fc.property(inputs, (arrays) => assert.deepEqual(bitsOf(mean(arrays)), bitsOf(naiveMean(arrays)))),
      { numRuns: 300, seed: 7 },
    )
  })

  it('of equal inputs is the input, after -0 became +0', () => {
    fc.assert(
      fc.property(finiteFloats(16), fc.integer({ min: 1, max: 64 }), (input, count) => {
        const expected = bitsOf(input).map((bits) => (bits === '80000000' ? '00000000' : bits))
        assert.deepEqual(bitsOf(mean(Array.from({ length: count }, () => input))), expected)
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('lies between the least and the greatest input', () => {
    fc.assert(
      fc.property(fc.array(finiteFloats(4), { minLength: 1, maxLength: 64 }), (inputs) => {
        for (const [i, value] of mean(inputs).entries()) {
          const column = inputs.map((input) => input[i] ?? 0)
          assert.ok(value >= Math.min(...column) && value <= Math.max(...column))
        }
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('depends on the order of its inputs, which is why ids fix it', () => {
    const [large, one, minus] = [floatsOf(['7e967699']), floatsOf(['3f800000']), floatsOf(['fe967699'])]
    assert.notDeepEqual(mean([large, one, minus]), mean([large, minus, one]))
  })

  it('keeps -0 away after the loop was optimised', () => {
    const tiny = new Float32Array(2048).fill(-1e-45)
    const zero = new Float32Array(2048)
    for (let run = 0; run < 300; run++) assert.ok(Object.is(mean([tiny, zero, zero])[run], 0))
  })
})

function halvesOf(bits: readonly string[]): Uint16Array {
  return Uint16Array.from(bits, (text) => Number.parseInt(text, 16))
}

function hexOf(halves: Uint16Array): string[] {
  return Array.from(halves, (bits) => bits.toString(16).padStart(4, '0'))
}

for (const dtype of ['BF16', 'F16'] as const) {
  const { cases } = await readVectors(`mean-${dtype.toLowerCase()}.v1.json`)

  describe(`mean/1 of ${dtype}`, () => {
    it('gives the frozen bits, from 1 to 64 inputs, ties, subnormals and zeros of both signs', () => {
      assert.ok(cases.length > 76)
      for (const { title, inputs, output } of cases)
        assert.deepEqual(hexOf(halfMean(dtype, inputs.map(halvesOf))), output, title)
    })

    it('gives the same bits in every position of its blocks', () => {
      for (const { title, inputs, output } of cases.slice(-64)) {
        const long = inputs.map((column) => Uint16Array.from({ length: 2051 }, (_, i) => halvesOf(column)[i % 4] ?? 0))
        const expected = Array.from({ length: 2051 }, (_, i) => output[i % 4])
        assert.deepEqual(hexOf(halfMean(dtype, long)), expected, title)
      }
    })

    it('of equal inputs is the input, after -0 became +0', () => {
      const infinity = dtype === 'BF16' ? 0x7f80 : 0x7c00
      const all = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter((bits) => (bits & infinity) !== infinity)
      const expected = all.map((bits) => (bits === 0x8000 ? 0 : bits))
      for (const count of [1, 3, 7, 64])
        assert.deepEqual(
          halfMean(
            dtype,
            Array.from({ length: count }, () => all),
          ),
          expected,
        )
    })
  })
}
