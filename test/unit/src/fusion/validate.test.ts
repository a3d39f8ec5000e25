import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import { validateCheckpoint } from '../../../../src/fusion/validate.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { checkpoint, edges, LAYOUT, NON_FINITE, offsetOf, stream } from './support.ts'

const base = checkpoint(0)

function validate(bytes: Uint8Array, sizes?: readonly number[]) {
  return validateCheckpoint({ layout: LAYOUT, base: stream(base, sizes), checkpoint: stream(bytes, sizes) })
}

function changed(at: number, values: readonly number[]): Uint8Array {
  const copy = checkpoint(1)
  copy.set(values, at)
  return copy
}

describe('validateCheckpoint', () => {
  it('accepts other weights under the same header, however cut', async () => {
    for (const sizes of [undefined, [60_001], [3, 1_200_000]])
      assert.deepEqual(await validate(checkpoint(1), sizes), { ok: true })
  })

  const rejected: readonly [string, Uint8Array, string, RegExp][] = [
    ['a header that differs in a byte', changed(9, [0x21]), 'header-differs', /at byte 9/],
    ['a length field that differs', changed(7, [1]), 'header-differs', /at byte 7/],
    [
      'a NaN at the first element',
      changed(offsetOf('large', 0), [0, 0, 0xc0, 0x7f]),
      'not-finite',
      /"large".*element 0\./,
    ],
    ['a signalling NaN', changed(offsetOf('small', 1), [1, 0, 0x80, 0xff]), 'not-finite', /"small".*element 1\./],
    [
      'an infinity at the last element',
      changed(offsetOf('large', 300_000), [0, 0, 0x80, 0xff]),
      'not-finite',
      /element 300000\./,
    ],
    ['another position id', changed(offsetOf('ids', 0) + 8, [3]), 'integer-tensor-differs', /"ids".*byte 8\./],
    ['another mask', changed(offsetOf('mask', 0) + 2, [0]), 'integer-tensor-differs', /"mask".*byte 2\./],
    ['a missing byte', base.subarray(0, -1), 'wrong-size', /fewer/],
    ['nothing', new Uint8Array(), 'wrong-size', /fewer/],
    ['one more byte', Buffer.concat([base, new Uint8Array(1)]), 'wrong-size', /more/],
  ]
  for (const [title, bytes, reason, detail] of rejected) {
    it(`rejects ${title}`, async () => {
      const verdict = await validate(bytes, [70_000])
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, reason)
      assert.match(verdict.detail, detail)
    })
  }

  // fault 72
  it('names tensor and element of NaN, signalling NaN and infinity in each float type: first, last, at window borders', async () => {
    for (const { tensor, dtype, element } of edges()) {
      for (const bits of NON_FINITE[dtype].slice(1, 4)) {
        const verdict = await validate(changed(offsetOf(tensor, element), bits))
        const detail = `Tensor "${tensor}" has NaN or infinity at element ${element}.`
        assert.deepEqual(verdict, { ok: false, reason: 'not-finite', detail })
      }
    }
  })

  it('does not read the base when all tensors are floats', async () => {
    const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [4] }])
    const bytes = new Uint8Array(layout.totalBytes)
    bytes.set(layout.header)
    async function* never(): AsyncGenerator<Uint8Array> {
      yield assert.fail('the base was read')
    }
    assert.deepEqual(await validateCheckpoint({ layout, base: never(), checkpoint: stream(bytes) }), { ok: true })
  })

  it('throws when the base itself is cut off, and for dtypes that are not fused', async () => {
    const cut = validateCheckpoint({ layout: LAYOUT, base: stream(base.subarray(0, 50)), checkpoint: stream(base) })
    await assert.rejects(cut, (error) => isColdmeshError(error, 'bad-checkpoint'))
    const layout = { ...LAYOUT, tensors: [{ name: 'w', dtype: 'F8_E5M2', begin: 0, end: 8 }] }
    const half = validateCheckpoint({ layout, base: stream(base), checkpoint: stream(base) })
    await assert.rejects(half, (error) => isColdmeshError(error, 'unsupported'))
  })
})
