import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import {
  decodeCheckpoint,
  decodeHead,
  encodeCheckpoint,
  encodeChunks,
  encodeHead,
  viewCheckpoint,
} from '../../../../src/checkpoint/safetensors.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

const layout = encodeLayout([
  { name: 'ids', dtype: 'I64', shape: [2] },
  { name: 'w', dtype: 'F32', shape: [2, 2] },
  { name: 'b', dtype: 'F32', shape: [1] },
])
const w = { name: 'w', shape: [2, 2], data: new Float32Array([1, -2, 3.5, 1e-45]) }
const b = { name: 'b', shape: [1], data: new Float32Array([7]) }
/** Elements of a tensor that takes more than one chunk. */
const LARGE = 300_000

function baseBytes(): Uint8Array {
  const base = new Uint8Array(layout.totalBytes)
  base.set(layout.header)
  base.set([1, 2, 3], layout.dataStart)
  return base
}

describe('encodeCheckpoint and decodeCheckpoint', () => {
  it('give back what they took, with integer tensors of the base', () => {
    const bytes = encodeCheckpoint(layout, [b, w], baseBytes())
    assert.deepEqual(bytes.subarray(0, layout.dataStart + 16), baseBytes().subarray(0, layout.dataStart + 16))
    const decoded = decodeCheckpoint(bytes)
    assert.deepEqual(decoded.weights, [w, b])
    assert.deepEqual(decoded.layout, layout)
    assert.deepEqual(encodeCheckpoint(decoded.layout, decoded.weights, bytes), bytes)
  })

  it('read from any alignment, and share no memory with a Buffer', () => {
    const bytes = encodeCheckpoint(layout, [w, b], baseBytes())
    for (let shift = 0; shift < 8; shift++) {
      const shifted = Buffer.alloc(bytes.length + shift).subarray(shift)
      shifted.set(bytes)
      const { weights } = decodeCheckpoint(shifted)
      shifted.fill(0)
      assert.deepEqual(weights, [w, b])
    }
  })

  it('write weights that are views of a larger buffer', () => {
    const view = new Float32Array([9, 1, -2, 3.5, 1e-45, 9]).subarray(1, 5)
    assert.deepEqual(
      encodeCheckpoint(layout, [{ ...w, data: view }, b], baseBytes()),
      encodeCheckpoint(layout, [w, b], baseBytes()),
    )
  })

  it('write and read large tensors of each type, in chunks of a mebibyte', () => {
    const data = Float32Array.from({ length: LARGE }, (_, i) => (i % 251) - 125)
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      const large = encodeLayout([{ name: 'w', dtype, shape: [LARGE] }])
      const weights = [{ name: 'w', shape: [LARGE], data }]
      const bytes = encodeCheckpoint(large, weights)
      assert.deepEqual(decodeCheckpoint(bytes).weights, weights)
      const chunks = [...encodeChunks(large, weights)].map(({ length }) => length)
      assert.equal(Math.max(...chunks) <= 1_048_576 && chunks.length, 3)
    }
  })

  it('see a file in place, or copied where it begins at no float', () => {
    const bytes = encodeCheckpoint(layout, [w, b], baseBytes())
    for (const shift of [0, 1, 4]) {
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift)
      shifted.set(bytes)
      const { weights } = viewCheckpoint(shifted)
      assert.deepEqual(weights, [w, b])
      assert.equal(weights[0]?.data.buffer === shifted.buffer, shift !== 1)
    }
  })

  it('refuse missing, unknown and misshapen weights, and a missing base', () => {
    assert.throws(() => encodeCheckpoint(layout, [w], baseBytes()), /lack tensor "b"/)
    assert.throws(() => encodeCheckpoint(layout, [w, b, { ...b, name: 'c' }], baseBytes()), /no float tensor "c"/)
    assert.throws(() => encodeCheckpoint(layout, [{ ...w, shape: [4] }, b], baseBytes()), /another shape/)
    assert.throws(
      () => encodeCheckpoint(layout, [{ ...w, data: new Float32Array(3) }, b], baseBytes()),
      /another shape/,
    )
    assert.throws(() => encodeCheckpoint(layout, [w, b]), /copied from a base/)
  })

  // fault 73
  it('widen BF16 and F16 exactly, and round them once, to nearest, ties to even; all types in one file', () => {
    const mixed = encodeLayout([
      { name: 'ids', dtype: 'I64', shape: [1] },
      { name: 'w', dtype: 'F32', shape: [2, 2] },
      { name: 'brain', dtype: 'BF16', shape: [3] },
      { name: 'half', dtype: 'F16', shape: [5] },
    ])
    const base = new Uint8Array(mixed.totalBytes)
    base.set(mixed.header)
    base.set([7], mixed.dataStart)
    const brain = { name: 'brain', shape: [3], data: new Float32Array([1 + 2 ** -8, 1 + 3 * 2 ** -8, -1e38]) }
    const half = { name: 'half', shape: [5], data: new Float32Array([65_519, 2 ** -25, 3 * 2 ** -25, -0, 0.1]) }
    const bytes = encodeCheckpoint(mixed, [half, w, brain], base)
    assert.deepEqual(bytes.subarray(mixed.dataStart, mixed.dataStart + 8), new Uint8Array([7, 0, 0, 0, 0, 0, 0, 0]))
    const { weights } = decodeCheckpoint(bytes)
    assert.deepEqual(weights, [
      w,
      { ...brain, data: new Float32Array([1, 1 + 2 ** -6, -150 * 2 ** 119]) },
      { ...half, data: new Float32Array([65_504, 0, 2 ** -23, -0, 0.0999755859375]) },
    ])
    assert.deepEqual(encodeCheckpoint(mixed, weights, base), bytes, 'what was read is written alike, -0 too')
    const moved = { ...half, data: half.data.with(1, -(2 ** -25)) }
    assert.deepEqual(encodeCheckpoint(mixed, [moved, w, brain], base), bytes, 'what is too small becomes +0')
  })

  // fault 72
  it('refuse to write NaN, infinity and what F16 cannot hold, naming tensor and element', () => {
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      const one = encodeLayout([{ name: 'w', dtype, shape: [LARGE] }])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, ...(dtype === 'F16' ? [65_520, -1e30] : [])]) {
        const data = new Float32Array(LARGE).with(LARGE - 500, value)
        assert.throws(
          () => encodeCheckpoint(one, [{ name: 'w', shape: [LARGE], data }]),
          (error) =>
            isColdmeshError(error, 'bad-checkpoint') &&
            error.facts['tensor'] === 'w' &&
            error.facts['element'] === LARGE - 500 &&
            error.message.includes(Number.isFinite(value) ? 'more than F16 can hold' : String(value)),
        )
      }
    }
    const brain = encodeLayout([{ name: 'w', dtype: 'BF16', shape: [1] }])
    assert.throws(
      () => encodeCheckpoint(brain, [{ name: 'w', shape: [1], data: new Float32Array([3.4028235e38]) }]),
      /more than BF16 can hold/,
    )
  })
})

describe('encodeHead and decodeHead', () => {
  const head = {
    labels: ['pos', 'a "quoted"\nlabel', '日本'],
    weights: [
      { name: 'classifier.weight', shape: [3, 2], data: new Float32Array([1, 2, 3, 4, 5, 6]) },
      { name: 'classifier.bias', shape: [3], data: new Float32Array([0.5, 0, -1]) },
    ],
  }

  it('keep labels and weights', () => assert.deepEqual(decodeHead(encodeHead(head)), head))

  it('keep the task, and a regression has one output and no label', () => {
    const multi = { ...head, task: 'multi-label' as const }
    assert.deepEqual(decodeHead(encodeHead(multi)), multi)
    const weights = head.weights.map(({ name, shape, data }) => {
      const width = data.length / (shape[0] ?? 1)
      return { name, shape: [1, ...shape.slice(1)], data: data.slice(0, width) }
    })
    const numbers = { task: 'regression' as const, labels: [], weights }
    assert.deepEqual(decodeHead(encodeHead(numbers)), numbers)
    assert.throws(() => encodeHead({ ...numbers, labels: ['a'] }), /has no labels/)
    assert.throws(() => encodeHead({ ...head, task: 'regression', labels: [] }), /classifier.weight/)
  })

  it('refuse labels that are repeated or fewer than the outputs', () => {
    assert.throws(() => encodeHead({ ...head, labels: ['a', 'a', 'b'] }), /distinct/)
    assert.throws(() => encodeHead({ ...head, labels: ['a', 'b'] }), /classifier.weight \[labels, hidden\]/)
    assert.throws(() => encodeHead({ ...head, weights: head.weights.slice(0, 1) }), /nothing else/)
    assert.throws(() => encodeHead({ ...head, weights: [...head.weights, b] }), /nothing else/)
  })

  it('refuse a file without labels, or with labels that are no list of strings', () => {
    for (const [labels, reason] of [
      [undefined, /not a head/],
      ['[1]', /list of strings/],
      ['{', /not JSON/],
    ] as const) {
      const specs = head.weights.map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape }))
      const bytes = encodeCheckpoint(encodeLayout(specs, labels === undefined ? {} : { labels }), head.weights)
      assert.throws(() => decodeHead(bytes), reason)
    }
  })
})
