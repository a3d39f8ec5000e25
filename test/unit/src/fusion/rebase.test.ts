import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { FloatDtype, HalfDtype } from '../../../../src/floats/dtypes.ts'
import { firstNonFinite } from '../../../../src/floats/scan.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { validateCheckpoint } from '../../../../src/fusion/validate.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { bitsOf, checkpoint, floatsOf, fuseElements, LAYOUT, MEAN, offsetOf, stream } from './support.ts'

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

const readAll = <T>({ base, inputs, parents }: LateCase, read: (bits: readonly string[]) => T) => ({
  base: read(base),
  inputs: inputs.map(read),
  parents: parents.map((bits) => (bits ? read(bits) : null)),
})
const halvesOf = (bits: readonly string[]) => new Uint16Array(bits.map((text) => Number.parseInt(text, 16)))

describe('mean/1 of late inputs', async () => {
  for (const one of await readCases('late.v1.json')) {
    it(`gives the frozen bits: ${one.title}`, () => {
      const { out, overflow } = fuseElements(MEAN, 'F32', readAll(one, floatsOf))
      assert.equal(overflow, null)
      assert.deepEqual(bitsOf(new Float32Array(out.buffer)), one.output)
    })
  }

  // The mean of values that each round to finite ones is finite: so no round fails for what every member held and validated.
  it('gives a finite mean, or names the input whose rebased value is not', () => {
    const largest = floatsOf(['7f7fffff', 'ff7fffff', '7f7ffffe', '7f000000', '73000000', '72800000'])
    const value = fc.oneof(fc.constantFrom(...largest), fc.constantFrom(0, -0, 1))
    const element = fc.tuple(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 64 }), value)
    const property = fc.property(element, ([column, baseValue]) => {
      const { out, overflow } = fuseElements(MEAN, 'F32', {
        base: Float32Array.of(baseValue),
        inputs: column.map(([w]) => Float32Array.of(w)),
        parents: column.map(([, p]) => Float32Array.of(p)),
      })
      const isOut = column.findIndex(([w, p]) => !Number.isFinite(Math.fround(baseValue + (w - p))))
      assert.deepEqual(overflow, isOut < 0 ? null : { input: isOut, element: 0 })
      if (overflow === null) assert.equal(firstNonFinite('F32', out), -1)
    })
    fc.assert(property, { numRuns: 3000, seed: 7 })
  })

  it('stays finite for 1 to 64 inputs at the last double that rounds to the largest value', () => {
    // 2^128 - 2^103 rounds to infinity: the largest value and just below half of its distance to the next
    const [largest, base] = [floatsOf(['7f7fffff']), floatsOf(['73000000'])]
    const parent = Float32Array.of(2 ** 75)
    for (let count = 1; count <= 64; count++) {
      const inputs = Array.from({ length: count }, () => largest)
      const { out, overflow } = fuseElements(MEAN, 'F32', { base, inputs, parents: inputs.map(() => parent) })
      assert.equal(overflow, null)
      assert.equal(firstNonFinite('F32', out), -1)
    }
  })
})

describe('mean/1 of late inputs of 16 bits', async () => {
  const dtypes: readonly HalfDtype[] = ['BF16', 'F16']
  for (const dtype of dtypes) {
    for (const one of await readCases(`late-${dtype.toLowerCase()}.v1.json`)) {
      it(`gives the frozen bits of ${dtype}: ${one.title}`, () => {
        const { out, overflow } = fuseElements(MEAN, dtype, readAll(one, halvesOf))
        assert.equal(overflow, null)
        assert.deepEqual(new Uint16Array(out.buffer), halvesOf(one.output))
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
    const files = {
      base: () => stream(base),
      inputs: [() => stream(input, [60_001])],
      parents: [() => stream(parent)],
    }
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
        const inputs = {
          inputs: [() => stream(checkpoint(3)), () => stream(input)],
          parents: [null, () => stream(parent)],
        }
        const options = { rule: 'mean/1', params: {}, layout: LAYOUT, base: () => stream(base), ...inputs }
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
      const files = {
        inputs: [() => stream(checkpoint(1))],
        parents: [() => stream(checkpoint(2).subarray(0, 1_000_000))],
      }
      const options = { rule: 'mean/1', params: {}, layout: LAYOUT, base: () => stream(checkpoint(0)), ...files }
      for await (const _ of fuseCheckpoints(options));
    }
    await assert.rejects(fusing, (error) => {
      return isColdmeshError(error, 'bad-checkpoint') && error.facts['input'] === 0 && error.facts['isParent'] === true
    })
  })
})
