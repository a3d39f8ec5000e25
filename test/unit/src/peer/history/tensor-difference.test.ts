import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import { describeDifference } from '../../../../../src/peer/history/tensor-difference.ts'
import { checkpointBytes, TEST_LAYOUT } from '../../../../support/history/checkpoints.ts'

const LEAF = 1_048_576

describe('describeDifference', () => {
  const change = (offset: number, write: (view: DataView) => void) => {
    const fused = checkpointBytes(1)
    const stored = checkpointBytes(1)
    write(new DataView(stored.buffer))
    const end = Math.min(offset + LEAF, stored.length)
    return describeDifference(TEST_LAYOUT, {
      offset,
      fused: fused.subarray(offset, end),
      stored: stored.subarray(offset, end),
    })
  }
  const at = (name: string, index: number, size: number) => {
    const tensor = TEST_LAYOUT.tensors.find((entry) => entry.name === name)
    assert(tensor)
    return TEST_LAYOUT.dataStart + tensor.begin + index * size
  }

  it('says nothing of equal bytes', () => {
    assert.equal(
      change(0, () => {}),
      null,
    )
  })

  it('names the first element that differs, in whichever byte of it', () => {
    const place = at('embeddings.weight', 77, 4)
    const found = change(0, (view) => {
      view.setUint8(place + 3, view.getUint8(place + 3) ^ 0x80)
      view.setFloat32(place + 400, 9, true)
    })
    const value = new DataView(checkpointBytes(1).buffer).getFloat32(place, true)
    assert.equal(found, `tensor "embeddings.weight", element 77: the fusion gives ${value}, the base has ${-value}`)
  })

  it('finds an element in a later leaf', () => {
    const found = change(LEAF, (view) => view.setFloat32(at('layer.weight', 511, 4), Number.NaN, true))
    assert.match(found ?? '', /^tensor "layer.weight", element 511: .* the base has NaN$/)
  })

  it('shows BF16 and F16 as numbers', () => {
    for (const [dtype, shown] of [
      ['BF16', '1.0078125'],
      ['F16', '1.0009765625'],
    ] as const) {
      const layout = encodeLayout([{ name: 'w', dtype, shape: [4] }])
      const one = dtype === 'BF16' ? [0x80, 0x3f] : [0, 0x3c]
      const fused = Uint8Array.from([...layout.header, ...one, ...one, ...one, ...one])
      const stored = fused.with(layout.dataStart + 4, (one[0] ?? 0) + 1)
      const found = describeDifference(layout, { offset: 0, fused, stored })
      assert.equal(found, `tensor "w", element 2: the fusion gives 1, the base has ${shown}`)
    }
  })

  it('shows integers as bytes', () => {
    const found = change(0, (view) => view.setBigInt64(at('positions', 2, 8), 5n, true))
    assert.equal(
      found,
      'tensor "positions", element 2: the fusion gives 0x0000000000000000, the base has 0x0500000000000000',
    )
  })

  it('names a byte of the header', () => {
    assert.equal(
      change(0, (view) => view.setUint8(9, 0)),
      'byte 9 of the file',
    )
  })
})
