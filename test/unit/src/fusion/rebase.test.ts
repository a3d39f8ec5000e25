import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { FloatDtype, HalfDtype } from '../../../../src/floats/dtypes.ts'
import { firstNonFinite } from '../../../../src/floats/scan.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { meanF32 } from '../../../../src/fusion/mean.ts'
import { meanRebasedF32, meanRebasedHalf } from '../../../../src/fusion/rebase.ts'
import { validateCheckpoint } from '../../../../src/fusion/validate.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { bitsOf, checkpoint, finiteFloats, floatsOf, LAYOUT, offsetOf, stream } from './support.ts'

interface LateCase {
  readonly title: string
  readonly base: string[]
  readonly inputs: string[][]
  readonly parents: (string[] | null)[]
  readonly output: string[]
}

async function readCases(name: string): Promise<readonly LateCase[]> {
  const text = await readFile(join(import.meta.dirname, '../../../vectors/fusion', name), 'utf8')
  return JSON.parse(text).cases
}

const halvesOf = (bits: readonly string[]) => new Uint16Array(bits.map((text) => Number.parseInt(text, 16)))
const pairs = <T>({ inputs, parents }: LateCase, read: (bits: readonly string[]) => T) =>
  inputs.map((bits, i) => ({ values: read(bits), parent: parents[i] ? read(parents[i]) : null }))

describe('meanRebasedF32', async () => {
  for (const one of await readCases('late.v1.json')) {
    it(`gives the frozen bits: ${one.title}`, () => {
      const out = new Float32Array(one.base.length).fill(Number.NaN)
      assert.equal(meanRebasedF32(pairs(one, floatsOf), floatsOf(one.base), out), null)
      assert.deepEqual(bitsOf(out), one.output)
    })
  }

  it('is mean/1 when nothing is rebased, across blocks', () => {
    const columns = fc.array(finiteFloats(1500), { minLength: 1, maxLength: 9 })
    const property = fc.property(columns, (arrays) => {
      const [plain, rebased] = [new Float32Array(1500), new Float32Array(1500)]
      meanF32(arrays, plain)
      const inputs = arrays.map((values) => ({ values, parent: null }))
      assert.equal(meanRebasedF32(inputs, new Float32Array(1500), rebased), null)
      assert.deepEqual(bitsOf(rebased), bitsOf(plain))
    })
    fc.assert(property, { numRuns: 10, seed: 7 })
  })

  // The mean of values that each round to finite ones is finite: so no round fails for what every member held and validated.
  it('gives a finite mean, or names the input whose rebased value is not', () => {
    const largest = floatsOf(['7f7fffff', 'ff7fffff', '7f7ffffe', '7f000000', '73000000', '72800000'])
    const value = fc.oneof(fc.constantFrom(...largest), fc.constantFrom(0, -0, 1))
    const element = fc.tuple(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 64 }), value)
    const property = fc.property(element, ([column, baseValue]) => {
      const inputs = column.map(([w, p]) => ({ values: Float32Array.of(w), parent: Float32Array.of(p) }))
      const out = new Float32Array(1)
      const overflow = meanRebasedF32(inputs, Float32Array.of(baseValue), out)
      const isOut = column.findIndex(([w, p]) => !Number.isFinite(Math.fround(baseValue + (w - p))))
      assert.deepEqual(overflow, isOut < 0 ? null : { input: isOut, element: 0 })
      if (overflow === null) assert.ok(Number.isFinite(out[0]))
    })
    fc.assert(property, { numRuns: 3000, seed: 7 })
  })

  it('stays finite for 1 to 64 inputs at the last double that rounds to the largest value', () => {
    // 2^128 - 2^103 rounds to infinity: the largest value and just below half of its distance to the next
    const [largest, base] = [floatsOf(['7f7fffff']), floatsOf(['73000000'])]
    const parent = Float32Array.of(2 ** 75)
    for (let count = 1; count <= 64; count++) {
      const inputs = Array.from({ length: count }, () => ({ values: largest, parent }))
      const out = new Float32Array(1)
      assert.equal(meanRebasedF32(inputs, base, out), null)
      assert.equal(firstNonFinite('F32', new Uint8Array(out.buffer)), -1)
    }
  })
})

describe('meanRebasedHalf', async () => {
  const dtypes: readonly HalfDtype[] = ['BF16', 'F16']
  for (const dtype of dtypes) {
    for (const one of await readCases(`late-${dtype.toLowerCase()}.v1.json`)) {
      it(`gives the frozen bits of ${dtype}: ${one.title}`, () => {
        const out = new Uint16Array(one.base.length)
        assert.equal(meanRebasedHalf(dtype, pairs(one, halvesOf), halvesOf(one.base), out), null)
        assert.deepEqual(Array.from(out), Array.from(halvesOf(one.output)))
      })
    }
  }
})

/** A file of LAYOUT with one element changed. */
function withElement(seed: number, tensor: string, element: number, bytes: readonly number[]): Uint8Array {
  const file = checkpoint(seed)
  file.set(bytes, offsetOf(tensor, element))
  return file
}

/** The largest values of each type, little-endian, in the last element of a tensor. */
const LARGEST: Readonly<Record<FloatDtype, readonly [tensor: string, element: number, bytes: readonly number[]]>> = {
  F32: ['large', 300_000, [0xff, 0xff, 0x7f, 0x7f]],
  BF16: ['brain', 600_002, [0x7f, 0x7f]],
  F16: ['half', 600_002, [0xff, 0x7b]],
}

describe('a late checkpoint', () => {
  it('moves the round’s base by what its training moved its parent', async () => {
    const [base, parent, input] = [checkpoint(0), checkpoint(1), checkpoint(2)]
    const chunks: Uint8Array[] = []
    const files = { base: stream(base), inputs: [stream(input, [60_001])], parents: [stream(parent)] }
    for await (const chunk of fuseCheckpoints({ rule: 'mean/1', params: {}, layout: LAYOUT, ...files })) {
      chunks.push(chunk)
    }
    const fused = Buffer.concat(chunks)
    const at = offsetOf('large', 123_456)
    const read = (file: Uint8Array) => Buffer.from(file).readFloatLE(at)
    assert.equal(fused.readFloatLE(at), Math.fround(read(base) + (read(input) - read(parent))))
  })

  // fault 72: not finite once it is rebased
  for (const [dtype, [tensor, element, bytes]] of Object.entries(LARGEST)) {
    it(`is refused, and not fused, when its sum with the base leaves ${dtype}`, async () => {
      const base = withElement(0, tensor, element, bytes)
      const input = withElement(1, tensor, element, bytes)
      const parent = checkpoint(2)
      const files = { layout: LAYOUT, base: stream(base), parent: stream(parent) }
      const verdict = await validateCheckpoint({ ...files, checkpoint: stream(input) })
      assert.ok(!verdict.ok && verdict.reason === 'rebased-not-finite')
      assert.match(verdict.detail, new RegExp(`"${tensor}".*element ${element}\\.`))
      const fusing = async () => {
        const inputs = { inputs: [stream(checkpoint(3)), stream(input)], parents: [null, stream(parent)] }
        const options = { rule: 'mean/1', params: {}, layout: LAYOUT, base: stream(base), ...inputs }
        for await (const _ of fuseCheckpoints(options));
      }
      await assert.rejects(fusing, (error) => {
        assert.ok(isColdmeshError(error, 'bad-checkpoint'))
        assert.deepEqual({ ...error.facts }, { input: 1, tensor, element })
        return true
      })
    })
  }

  it('is right where the base alone is as large', async () => {
    const [tensor, element, bytes] = LARGEST.F32
    const base = withElement(0, tensor, element, bytes)
    const files = { layout: LAYOUT, base: stream(base), parent: stream(base) }
    assert.deepEqual(await validateCheckpoint({ ...files, checkpoint: stream(checkpoint(1)) }), { ok: true })
  })

  it('names the input whose parent’s file is cut off', async () => {
    const fusing = async () => {
      const files = { inputs: [stream(checkpoint(1))], parents: [stream(checkpoint(2).subarray(0, 1_000_000))] }
      const options = { rule: 'mean/1', params: {}, layout: LAYOUT, base: stream(checkpoint(0)), ...files }
      for await (const _ of fuseCheckpoints(options));
    }
    await assert.rejects(fusing, (error) => {
      return isColdmeshError(error, 'bad-checkpoint') && error.facts['input'] === 0 && error.facts['isParent'] === true
    })
  })
})
