import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import { decodeCheckpoint } from '../../../../src/checkpoint/safetensors.ts'
import { FLOAT_BYTES, type FloatDtype, infinityBits } from '../../../../src/floats/dtypes.ts'
import { firstNonFinite } from '../../../../src/floats/scan.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { parseRule } from '../../../../src/fusion/rule-text.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { checkpoint, edges, LAYOUT, NON_FINITE, offsetOf, stream } from './support.ts'

/** Of three inputs or more; each with what it takes when all inputs are equal to give the input. */
const RULES = [
  'mean/1',
  'weighted-mean/1,maxRows=1000000000',
  'clipped-mean/1',
  'trimmed-mean/1,trim=1',
  'median/1',
  'ties/1,density=1',
]
const DTYPES: readonly FloatDtype[] = ['F32', 'BF16', 'F16']

async function fuse(rule: string, files: readonly Uint8Array[], layout = LAYOUT): Promise<Uint8Array> {
  const [base = new Uint8Array(), ...inputs] = files
  const chunks: Uint8Array[] = []
  const options = {
    ...parseRule(rule),
    layout,
    base: () => stream(base),
    inputs: inputs.map((input) => () => stream(input)),
    rows: inputs.map((_, i) => 1 + 7919 * i),
  }
  for await (const chunk of fuseCheckpoints(options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Files of one tensor, of the elements' bits. */
async function fuseBits(rule: string, dtype: FloatDtype, files: readonly (readonly number[])[]): Promise<Uint8Array> {
  const layout = encodeLayout([{ name: 'w', dtype, shape: [files[0]?.length ?? 0] }])
  const encode = (bits: readonly number[]) => {
    const data = FLOAT_BYTES[dtype] === 4 ? Uint32Array.from(bits) : Uint16Array.from(bits)
    return Buffer.concat([layout.header, new Uint8Array(data.buffer)])
  }
  return Uint8Array.from((await fuse(rule, files.map(encode), layout)).subarray(layout.dataStart))
}

const norm = (values: ArrayLike<number>, base: ArrayLike<number>) =>
  Math.hypot(...Array.from(values, (value, i) => value - (base[i] ?? 0)))

describe('every rule', () => {
  for (const rule of RULES) {
    it(`gives the input for equal inputs: ${rule}`, async () => {
      const [base, input] = [checkpoint(0), checkpoint(1)]
      for (const count of [3, 7]) {
        const fused = await fuse(rule, [base, ...Array.from({ length: count }, () => input)])
        assert.ok(Buffer.from(fused).equals(input), `${count} inputs`)
      }
    })

    it(`is between the base and its own result with a step, and near the base with the least: ${rule}`, async () => {
      const files = [0, 1, 2, 3].map((seed) => checkpoint(seed))
      const read = (file: Uint8Array) => decodeCheckpoint(file).weights.find(({ name }) => name === 'small')?.data ?? []
      const [base, whole] = [read(files[0] ?? new Uint8Array()), read(await fuse(rule, files))]
      for (const [step, isNear] of [
        ['0.5', false],
        ['0.000000001', true],
      ] as const) {
        for (const [i, value] of Array.from(read(await fuse(`${rule},step=${step}`, files))).entries()) {
          const ends = [base[i] ?? 0, whole[i] ?? 0]
          assert.ok(value >= Math.min(...ends) && value <= Math.max(...ends))
          if (isNear) assert.ok(Math.abs(value - (base[i] ?? 0)) <= 1e-9)
        }
      }
    })

    // One contributor of huge values must not hold the network.
    it(`is finite for the largest values of each type, of both signs: ${rule}`, async () => {
      for (const dtype of DTYPES) {
        const infinity = dtype === 'F32' ? 0x7f800000 : infinityBits(dtype)
        const sign = dtype === 'F32' ? 0x80000000 : 0x8000
        const extreme = fc.constantFrom(infinity - 1, (infinity - 1 + sign) >>> 0, infinity - 2, 0, 1)
        const file = fc.array(extreme, { minLength: 6, maxLength: 6 })
        const property = fc.asyncProperty(fc.array(file, { minLength: 4, maxLength: 65 }), async (files) => {
          for (const step of ['', ',step=0.999999999']) {
            assert.equal(firstNonFinite(dtype, await fuseBits(rule + step, dtype, files)), -1)
          }
        })
        await fc.assert(property, { numRuns: 12, seed: 7 })
      }
    })

    // fault 72
    it(`names an input with NaN or infinity, also where its value would be dropped: ${rule}`, async () => {
      const files = [0, 1, 2, 3, 4].map((seed) => checkpoint(seed))
      for (const [i, { tensor, dtype, element }] of edges().entries()) {
        const bad = Uint8Array.from(files[2] ?? [])
        bad.set(NON_FINITE[dtype][i % 5] ?? [], offsetOf(tensor, element))
        await assert.rejects(fuse(rule, files.toSpliced(2, 1, bad)), (error) => {
          assert.ok(isColdmeshError(error, 'bad-checkpoint'), String(error))
          assert.deepEqual({ ...error.facts }, { input: 1, tensor, element })
          return true
        })
      }
    })

    // fault 75
    it(`needs no more memory for a larger model: ${rule}`, async () => {
      const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [64 * 262_144] }])
      async function* large(): AsyncGenerator<Uint8Array> {
        yield layout.header
        const window = new Uint8Array(1_048_576)
        for (let i = 0; i < 64; i++) yield window
      }
      const before = process.memoryUsage.rss()
      let most = 0
      const files = { layout, base: large, inputs: [large, large, large], rows: [1, 2, 3] }
      for await (const _ of fuseCheckpoints({ ...parseRule(rule.replace('density=1', 'density=0.5')), ...files })) {
        most = Math.max(most, process.memoryUsage.rss() - before)
      }
      assert.ok(most < 64 * 1_048_576, `${most} bytes`)
    })
  }

  it('does not care whose value is whose, where it orders them', async () => {
    const [base, ...inputs] = [0, 1, 2, 3, 4].map((seed) => checkpoint(seed))
    assert.ok(base)
    for (const rule of ['median/1', 'trimmed-mean/1,trim=1']) {
      const whole = Buffer.from(await fuse(rule, [base, ...inputs]))
      assert.ok(whole.equals(await fuse(rule, [base, ...inputs.toReversed()])), rule)
    }
  })
})

describe('clipped-mean/1', () => {
  it('moves the base by at most the median norm, whatever one of three sends', async () => {
    const value = fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround)
    const file = fc.array(value, { minLength: 9, maxLength: 9 })
    const size = fc.constantFrom(1, 1e3, 1e20, 1e37)
    const bitsOf = (values: readonly number[]) => Array.from(new Uint32Array(Float32Array.from(values).buffer))
    const property = fc.asyncProperty(file, file, file, file, size, async (base, a, b, c, by) => {
      const inputs = [a, b, c.map((w) => Math.fround(w * by))]
      const fused = new Float32Array((await fuseBits('clipped-mean/1', 'F32', [base, ...inputs].map(bitsOf))).buffer)
      const [, median = 0] = inputs.map((input) => norm(input, base)).sort((x, y) => x - y)
      // nine roundings to F32 of values below 8
      assert.ok(norm(fused, base) <= median * (1 + 2 ** -40) + 9 * 2 ** -22)
    })
    await fc.assert(property, { numRuns: 300, seed: 7 })
  })
})
