import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import { asHalves } from '../../../../src/floats/dtypes.ts'
import { type FuseOptions, fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { type ErrorCode, isColdmeshError } from '../../../../src/ports/errors.ts'
import { checkpoint, edges, LAYOUT, meanF32, meanHalf, NON_FINITE, offsetOf, stream } from './support.ts'

const base = checkpoint(0)

interface Changes extends Partial<Omit<FuseOptions, 'base' | 'inputs'>> {
  readonly base?: Uint8Array
  readonly sizes?: readonly number[]
}

async function fuse(inputs: readonly Uint8Array[], changes: Changes = {}): Promise<Buffer> {
  const { base: baseBytes = base, sizes, ...rest } = changes
  const chunks: Uint8Array[] = []
  const options = { rule: 'mean/1', params: {}, layout: LAYOUT, ...rest }
  const streams = {
    base: () => stream(baseBytes, sizes),
    inputs: inputs.map((input) => () => stream(input, sizes)),
  }
  for await (const chunk of fuseCheckpoints({ ...options, ...streams })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The mean of whole files held in memory. */
function expected(inputs: readonly Uint8Array[]): Buffer {
  const out = Buffer.from(base)
  for (const { dtype, begin, end } of LAYOUT.tensors) {
    const [from, to] = [LAYOUT.dataStart + begin, LAYOUT.dataStart + end]
    const parts = inputs.map((input) => Uint8Array.from(input.subarray(from, to)))
    if (dtype === 'F32') {
      const fused = meanF32(parts.map(({ buffer }) => new Float32Array(buffer)))
      out.set(new Uint8Array(fused.buffer), from)
    } else if (dtype === 'BF16' || dtype === 'F16') {
      const fused = meanHalf(dtype, parts.map(asHalves))
      out.set(new Uint8Array(fused.buffer), from)
    }
  }
  return out
}

function changed(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy.set(values, at)
  return copy
}

function fails(
  promise: Promise<unknown>,
  code: ErrorCode,
  message: RegExp,
  facts: Record<string, unknown> = {},
): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isColdmeshError(error, code), String(error))
    assert.match(error.message, message)
    assert.deepEqual({ ...error.facts, ...facts }, error.facts)
    return true
  })
}

describe('fuseCheckpoints', () => {
  const inputs = [1, 2, 3].map(checkpoint)
  const [NAN = []] = NON_FINITE.F32

  // fault 73
  it('fuses F32, BF16 and F16 tensors of one file over window borders, and keeps header and other tensors', async () => {
    assert.ok((await fuse(inputs)).equals(expected(inputs)))
  })

  it('does not depend on how the streams are cut', async () => {
    const whole = expected(inputs)
    const sizes = fc
      .array(fc.integer({ min: 1, max: 1_300_000 }), { minLength: 1, maxLength: 4 })
      .filter((s) => s.some((n) => n > 50_000))
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => assert.ok((await fuse(inputs, { sizes: cuts })).equals(whole))),
      { numRuns: 12, seed: 7 },
    )
  })

  it('does not depend on the order of arrival, once sorted by id', async () => {
    const contributions = [1, 2, 3, 4, 5].map((seed) => ({ id: `id-${(seed * 3) % 7}`, bytes: checkpoint(seed) }))
    const sorted = (list: typeof contributions) =>
      list.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ bytes }) => bytes)
    const whole = await fuse(sorted(contributions))
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(contributions, { minLength: 5 }), async (arrived) => {
        assert.ok((await fuse(sorted(arrived))).equals(whole))
      }),
      { numRuns: 4, seed: 7 },
    )
  })

  it('gives the input for one input and for equal inputs', async () => {
    const [input] = inputs
    assert.ok(input)
    for (const count of [1, 5])
      assert.ok((await fuse(Array.from({ length: count }, () => input))).equals(expected([input])))
  })

  it('yields chunks to keep, one per window', async () => {
    const streams = { base: () => stream(base), inputs: inputs.map((input) => () => stream(input)) }
    const sizes = []
    for await (const chunk of fuseCheckpoints({ rule: 'mean/1', params: {}, layout: LAYOUT, ...streams }))
      sizes.push(chunk.length)
    const whole = Math.floor(LAYOUT.totalBytes / 1_048_576)
    assert.deepEqual(sizes, [...Array.from({ length: whole }, () => 1_048_576), LAYOUT.totalBytes % 1_048_576])
  })

  // fault 72
  it('names input, tensor and element of NaN, signalling NaN and infinity in each float type: first, last, at window borders', async () => {
    const places = edges()
    assert.ok(places.length >= 14)
    for (const [i, { tensor, dtype, element }] of places.entries()) {
      // each place with one of the five, each type with all of them
      const bits = NON_FINITE[dtype][i % 5] ?? []
      const bad = inputs.map((input, i) => (i === 1 ? changed(input, offsetOf(tensor, element), bits) : input))
      await fails(fuse(bad), 'bad-checkpoint', /^Input 1 has NaN or infinity/, { input: 1, tensor, element })
    }
    for (const [tensor, dtype] of [
      ['small', 'F32'],
      ['brain', 'BF16'],
      ['half', 'F16'],
    ] as const) {
      for (const bits of NON_FINITE[dtype]) {
        const bad = inputs.map((input, i) => (i === 2 ? changed(input, offsetOf(tensor, 3), bits) : input))
        await fails(fuse(bad), 'bad-checkpoint', /^Input 2 has NaN or infinity/, { input: 2, tensor, element: 3 })
      }
    }
  })

  it('finds infinities that would cancel or hide in the mean', async () => {
    for (const [tensor, dtype] of [
      ['small', 'F32'],
      ['brain', 'BF16'],
      ['half', 'F16'],
    ] as const) {
      const [plus = [], minus = []] = NON_FINITE[dtype].slice(3)
      const bad = [plus, minus, plus].map((bits, i) => changed(inputs[i] ?? base, offsetOf(tensor, 2), bits))
      await fails(fuse(bad), 'bad-checkpoint', /^Input 0 /, { input: 0, tensor, element: 2 })
    }
  })

  it('rejects a header that differs by one byte, in an input or in the base', async () => {
    const bad = changed(base, LAYOUT.dataStart - 1, [0x21])
    await fails(fuse([base, bad]), 'bad-checkpoint', /^Input 1 has other header bytes/, { input: 1 })
    await fails(fuse([base], { base: bad }), 'bad-checkpoint', /^The base has other header bytes/)
  })

  it('rejects integer and boolean tensors that are not the base’s', async () => {
    await fails(
      fuse([changed(base, offsetOf('ids', 0) + 23, [9])]),
      'bad-checkpoint',
      /integer tensor "ids" at byte 23/,
      { input: 0, tensor: 'ids' },
    )
    await fails(fuse([base, changed(base, offsetOf('mask', 0), [0])]), 'bad-checkpoint', /"mask" at byte 0/, {
      input: 1,
    })
  })

  it('rejects files that are too short or too long', async () => {
    await fails(fuse([base, base.subarray(0, -1)]), 'bad-checkpoint', /^Input 1 ends too early/, { input: 1 })
    await fails(fuse([new Uint8Array()]), 'bad-checkpoint', /^Input 0 ends too early/, { input: 0 })
    await fails(fuse([Buffer.concat([base, new Uint8Array(1)])]), 'bad-checkpoint', /^Input 0 has more bytes/, {
      input: 0,
    })
    await fails(fuse([base], { base: base.subarray(0, 99) }), 'bad-checkpoint', /^The base ends too early/)
  })

  it('refuses unknown rules, parameters and dtypes before it reads a byte', () => {
    const fresh = () => ({ params: {}, layout: LAYOUT, base: () => stream(base), inputs: [() => stream(base)] })
    assert.throws(
      () => fuseCheckpoints({ ...fresh(), rule: 'median/2' }),
      (error) => isColdmeshError(error, 'unsupported'),
    )
    assert.throws(
      () => fuseCheckpoints({ ...fresh(), rule: 'mean/1', params: { trim: 1 } }),
      (error) => isColdmeshError(error, 'unsupported'),
    )
    // no layout has these dtypes: whoever makes one by hand is told
    for (const dtype of ['F8_E4M3', 'I4', 'F64']) {
      const layout = { ...LAYOUT, tensors: [{ name: 'w', dtype, begin: 0, end: 8 }] }
      assert.throws(
        () => fuseCheckpoints({ ...fresh(), layout, rule: 'mean/1' }),
        (error) =>
          isColdmeshError(error, 'unsupported') && error.message.includes(`"w" is ${dtype}; this version fuses`),
      )
    }
    assert.throws(() => fuseCheckpoints({ ...fresh(), rule: 'mean/1', inputs: [] }), RangeError)
  })

  it('lets go of every stream when it fails and when its reader stops', async () => {
    let open = 0
    async function* counted(bytes: Uint8Array) {
      open++
      try {
        yield* stream(bytes, [65_536])
      } finally {
        open--
      }
    }
    const options = () => ({ rule: 'mean/1', params: {}, layout: LAYOUT, base: () => counted(base) })
    for await (const _ of fuseCheckpoints({ ...options(), inputs: [() => counted(base), () => counted(base)] })) break
    assert.equal(open, 0)
    const bad = changed(base, offsetOf('large', 0), NAN)
    const failing = fuseCheckpoints({ ...options(), inputs: [() => counted(base), () => counted(bad)] })
    await assert.rejects(async () => {
      for await (const _ of failing);
    })
    assert.equal(open, 0)
  })

  // fault 75
  it('needs no more memory for a larger model', async () => {
    const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [128 * 262_144] }])
    async function* large(): AsyncGenerator<Uint8Array> {
      yield layout.header
      const window = new Uint8Array(1_048_576)
      for (let i = 0; i < 128; i++) yield window
    }
    const before = process.memoryUsage.rss()
    let most = 0
    for await (const _ of fuseCheckpoints({
      rule: 'mean/1',
      params: {},
      layout,
      base: large,
      inputs: [large, large],
    })) {
      most = Math.max(most, process.memoryUsage.rss() - before)
    }
    // half of one file: windows that wait for the collector, far from any whole file
    assert.ok(most < 64 * 1_048_576, `${most} bytes`)
  })

  it('passes on a stream’s own error', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield base.subarray(0, 10)
      throw new Error('the disk is gone')
    }
    const failing = fuseCheckpoints({
      rule: 'mean/1',
      params: {},
      layout: LAYOUT,
      base: () => stream(base),
      inputs: [() => stream(base), broken],
    })
    await assert.rejects(async () => {
      for await (const _ of failing);
    }, /the disk is gone/)
  })
})
