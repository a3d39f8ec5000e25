import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileKernels } from '../../../../../src/adapters/fusion/compile-kernels.ts'
import { createKernels, createMemory } from '../../../../../src/adapters/fusion/kernels.ts'
import { FLOAT_BYTES, type FloatDtype, HALF_FORMATS, type HalfDtype } from '../../../../../src/floats/dtypes.ts'
import { roundToHalves } from '../../../../../src/floats/round.ts'
import { widenHalves } from '../../../../../src/floats/widen.ts'

const SOURCE = new URL('../../../../../src/adapters/fusion/', import.meta.url)
const PATTERNS = 65_536

describe('kernels-wasm.ts', () => {
  it('is what the kernels’ text compiles to, byte for byte', async () => {
    const { buildKernels } = await import(new URL('kernels/build.mjs', SOURCE).href)
    assert.equal(await readFile(new URL('kernels-wasm.ts', SOURCE), 'utf8'), await buildKernels())
  })
})

describe('the kernels', () => {
  const memory = createMemory(4 * 2 ** 20)
  const module = compileKernels()
  if (module === null) throw new Error('this machine has no WebAssembly with SIMD')
  const kernels = createKernels(module, memory)
  const { of } = kernels
  const [from, to] = [0, 2 ** 21]

  for (const dtype of ['BF16', 'F16'] as const) {
    it(`widen all patterns of ${dtype}`, () => {
      const bits = new Uint16Array(memory.buffer, from, PATTERNS)
      for (let pattern = 0; pattern < PATTERNS; pattern++) bits[pattern] = pattern
      of[dtype].widen(from, to, PATTERNS)
      const widened = new Float32Array(PATTERNS)
      widenHalves(dtype, bits, 0, PATTERNS, widened)
      const words = new Uint32Array(widened.buffer)
      const found = new Uint32Array(memory.buffer, to, PATTERNS)
      // A NaN's fraction is nobody's concern: NaN is refused.
      const different = words.findIndex((word, i) => word !== found[i] && !Number.isNaN(widened[i]))
      assert.equal(different, -1)
    })

    it(`round the ties between all patterns of ${dtype}, and what is beside them, as JavaScript does`, () => {
      const values = tiesOf(dtype)
      const doubles = new Float64Array(memory.buffer, from, values.length)
      doubles.set(values)
      of[dtype].round(from, 1, to, values.length)
      const rounded = new Uint16Array(values.length)
      roundToHalves(dtype, Float64Array.from(values), values.length, rounded, 0)
      const found = new Uint16Array(memory.buffer, to, values.length)
      const different = rounded.findIndex((bits, i) => (bits === 0x8000 ? 0 : bits) !== found[i])
      assert.equal(different, -1, `${values[different]}`)
    })
  }

  const infinities: readonly (readonly [FloatDtype, number])[] = [
    ['F32', 0x7f800000],
    ['BF16', 0x7f80],
    ['F16', 0x7c00],
  ]
  for (const [dtype, infinity] of infinities) {
    it(`find a value of ${dtype} that is not finite, at every place`, () => {
      const size = FLOAT_BYTES[dtype]
      const values = size === 4 ? new Uint32Array(memory.buffer, from, 64) : new Uint16Array(memory.buffer, from, 64)
      values.fill(infinity - 1)
      assert.equal(of[dtype].notFinite(from, 64), 0)
      const sign = size === 4 ? 0x80000000 : 0x8000
      for (const bits of [infinity, infinity + 1, infinity + sign, infinity + sign + 1]) {
        for (let at = 0; at < 64; at++) {
          values[at] = bits
          assert.equal(of[dtype].notFinite(from, 64), 1, `${bits} at ${at}`)
          values[at] = 0
        }
      }
    })
  }

  it('say that a result is not finite', () => {
    const doubles = new Float64Array(memory.buffer, from, 16)
    const largest = { F32: 2 ** 128 - 2 ** 103, BF16: 2 ** 128 - 2 ** 119, F16: 65_520 }
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      for (const sign of [1, -1]) {
        doubles.fill(0)
        doubles[5] = sign * largest[dtype] * (1 - 2 ** -52)
        assert.equal(of[dtype].round(from, 1, to, 16), 0, dtype)
        for (const wrong of [largest[dtype], Number.POSITIVE_INFINITY, Number.NaN]) {
          doubles[5] = sign * wrong
          assert.equal(of[dtype].round(from, 1, to, 16), 1, `${dtype} ${wrong}`)
        }
      }
    }
  })
})

/** For each finite magnitude, of both signs: the double before the tie with the next one, the tie, the double after it. A multiple of 16. */
function tiesOf(dtype: HalfDtype): number[] {
  const { exponentBits, fractionBits } = HALF_FORMATS[dtype]
  const finite = ((1 << exponentBits) - 1) << fractionBits
  const floats = new Float32Array(finite)
  widenHalves(
    dtype,
    Uint16Array.from(floats, (_, i) => i),
    0,
    finite,
    floats,
  )
  // the next magnitude after the last is none of F32
  const widened = Float64Array.from([...floats, 0])
  widened[finite] = (widened[finite - 1] ?? 0) + ((widened[finite - 1] ?? 0) - (widened[finite - 2] ?? 0))
  const double = new Float64Array(1)
  const word = new BigInt64Array(double.buffer)
  const values: number[] = []
  for (let pattern = 0; pattern < finite; pattern++) {
    const tie = ((widened[pattern] ?? 0) + (widened[pattern + 1] ?? 0)) / 2
    double[0] = tie
    const bits = word[0] ?? 0n
    for (const beside of [bits - 1n, bits, bits + 1n]) {
      word[0] = beside
      values.push(double[0], -double[0])
    }
  }
  while (values.length % 16 !== 0) values.push(0)
  return values
}
