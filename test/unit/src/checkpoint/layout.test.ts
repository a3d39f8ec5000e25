import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalOrder, type Dtype, encodeLayout, parseLayout } from '../../../../src/checkpoint/layout.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

interface HeaderVector {
  readonly title: string
  readonly header: string
  readonly dataBytes: number
  readonly pad?: 'odd'
  readonly reason?: string | null
}

const vectors: { accepted: HeaderVector[]; rejected: HeaderVector[] } = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../vectors/checkpoint/header.v1.json'), 'utf8'),
)

function fileOf({ header, dataBytes, pad }: HeaderVector): Uint8Array {
  const json = new TextEncoder().encode(header)
  const dataStart = Math.ceil((8 + json.length) / 8) * 8 + (pad === 'odd' ? 1 : 0)
  const file = new Uint8Array(dataStart + dataBytes)
  file.fill(0x20, 8 + json.length, dataStart)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length === 0 ? 0 : dataStart - 8), true)
  file.set(json, 8)
  return file
}

function rejects(file: Uint8Array, reason: string | RegExp, totalBytes = file.length): void {
  assert.throws(
    () => parseLayout(file, totalBytes),
    (error) =>
      isColdmeshError(error, 'bad-checkpoint') &&
      (typeof reason === 'string' ? error.message.includes(reason) : reason.test(error.message)),
  )
}

/** A file that is nothing but this length field and as many bytes as asked. */
function lengthOnly(jsonBytes: bigint, bytes = 64): Uint8Array {
  const file = new Uint8Array(bytes)
  new DataView(file.buffer).setBigUint64(0, jsonBytes, true)
  return file
}

describe('parseLayout', () => {
  for (const vector of vectors.accepted) {
    it(`accepts ${vector.title}`, () => {
      const file = fileOf(vector)
      const layout = parseLayout(file, file.length)
      assert.equal(layout.totalBytes, file.length)
      assert.equal(layout.dataStart, file.length - vector.dataBytes)
      assert.deepEqual(layout.header, file.slice(0, layout.dataStart))
      assert.equal(layout.tensors.at(-1)?.end, vector.dataBytes)
    })
  }

  // faults 68-71 and 73: the titles of the vectors say which
  for (const vector of vectors.rejected) {
    it(`rejects ${vector.title}`, () => rejects(fileOf(vector), vector.reason ?? ''))
  }

  // faults 68, 71
  for (const [dtype, bytes] of [
    ['F32', 4],
    ['BF16', 2],
    ['F16', 2],
  ] as const) {
    it(`rejects an overlap, a hole, trailing bytes, float offsets and shapes that overflow among tensors of ${dtype}`, () => {
      const tensor = (name: string, shape: string, begin: number | string, end: number | string) =>
        `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`
      const file = (second: string, dataBytes = 8 * bytes) =>
        fileOf({ title: '', header: `{${tensor('a', '[4]', 0, 4 * bytes)},${second}}`, dataBytes })
      const whole = file(tensor('b', '[4]', 4 * bytes, 8 * bytes))
      assert.equal(parseLayout(whole, whole.length).tensors.length, 2)
      rejects(file(tensor('b', '[4]', 3 * bytes, 7 * bytes)), 'overlaps')
      rejects(file(tensor('b', '[3]', 5 * bytes, 8 * bytes)), 'hole')
      rejects(file(tensor('b', '[4]', 4 * bytes, 8 * bytes), 8 * bytes + 1), 'trailing')
      rejects(file(tensor('b', '[4]', `${4 * bytes}.0`, 8 * bytes)), 'an integer from 0 to 2^53-1')
      rejects(file(tensor('b', '[134217728,134217728]', 4 * bytes, 8 * bytes)), 'overflows')
      rejects(file(tensor('b', '[18446744073709551615,0]', 4 * bytes, 8 * bytes)), 'an integer from 0 to 2^53-1')
      rejects(
        file(tensor('b', `[${Array.from({ length: 10_001 }, () => 1)}]`, 4 * bytes, 5 * bytes)),
        'more than 8 numbers',
      )
      rejects(file(tensor('b', '[5]', 4 * bytes, 8 * bytes)), `its shape and dtype need ${5 * bytes}`)
      rejects(file(tensor('b', '[3]', 4 * bytes + 1, 7 * bytes + 1)), /aligned|hole/)
    })
  }

  // fault 67
  it('rejects a header length of 0, 2^63, 2^64-1, 100 MB, one over the limit, and more than the file', () => {
    rejects(lengthOnly(0n), 'header length is 0')
    for (const length of [2n ** 63n, 2n ** 64n - 1n, 100_000_000n, 1_048_569n])
      rejects(lengthOnly(length), 'at most 1048568')
    rejects(lengthOnly(1_048_568n), 'more than the file has')
  })

  it('accepts a header that fills the first leaf to the last byte, and rejects one more', () => {
    const file = fileOf({ title: '', header: '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', dataBytes: 4 })
    const json = new TextDecoder().decode(file.subarray(8, file.length - 4)).trimEnd()
    const note = (length: number) => `{"__metadata__":{"n":"${'x'.repeat(length)}"},${json.slice(1)}`
    const room = 1_048_568 - note(0).length
    const full = fileOf({ title: '', header: note(room), dataBytes: 4 })
    assert.equal(parseLayout(full.subarray(0, 1_048_576), full.length).dataStart, 1_048_576)
    rejects(fileOf({ title: '', header: note(room + 1), dataBytes: 4 }), 'at most 1048568')
  })

  it('says when less than the header is given', () => {
    const file = fileOf({ title: '', header: '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', dataBytes: 4 })
    rejects(file.subarray(0, 32), /Only 32 of/, file.length)
    rejects(file.subarray(0, 7), 'too short', file.length)
    rejects(new Uint8Array(), 'too short', 0)
  })

  // fault 74
  it('names what people rename to .safetensors', () => {
    rejects(new TextEncoder().encode('PK\x03\x04 and so on'), 'zip archive')
    rejects(new Uint8Array([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]), 'Python pickle')
  })

  it('rejects 4,097 tensors and accepts 4,096', () => {
    const specs = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `t${i}`, dtype: 'U8' as const, shape: [1] }))
    assert.equal(encodeLayout(specs(4096)).tensors.length, 4096)
    assert.throws(() => encodeLayout(specs(4097)), /more than 4096/)
  })

  it('rejects text that is not UTF-8', () => {
    const file = fileOf({
      title: '',
      header: '{"__metadata__":{"a":"~"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      dataBytes: 1,
    })
    file[file.indexOf(0x7e)] = 0xff
    rejects(file, 'not UTF-8')
  })

  it('shares no memory with a Buffer that it read', () => {
    const file = Buffer.from(
      fileOf({ title: '', header: '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', dataBytes: 1 }),
    )
    const layout = parseLayout(file, file.length)
    file.fill(0)
    assert.notEqual(layout.header[8], 0)
  })

  it('throws nothing but bad-checkpoint on any change of a byte', () => {
    const file = encodeLayout(
      [
        { name: 'a', dtype: 'F32', shape: [2, 1] },
        { name: 'b', dtype: 'U8', shape: [] },
      ],
      { k: 'v' },
    ).header
    fc.assert(
      fc.property(
        fc.nat(file.length - 1),
        fc.nat(255),
        fc.nat(255),
        fc.nat(file.length - 1),
        (at, byte, other, and) => {
          const changed = new Uint8Array(file)
          changed[at] = byte
          changed[and] = other
          try {
            parseLayout(changed, file.length + 9)
          } catch (error) {
            assert.ok(isColdmeshError(error, 'bad-checkpoint'), String(error))
          }
        },
      ),
      { numRuns: 2000, seed: 7 },
    )
  })
})

describe('encodeLayout', () => {
  const spec = fc.record({
    name: fc.stringMatching(/^[a-z0-9_.]{1,20}$/),
    dtype: fc.constantFrom<Dtype>('F32', 'BF16', 'I64', 'U8', 'BOOL'),
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
  })

  it('writes what parseLayout reads back, for tensors in canonical order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(spec, { minLength: 1, selector: (s) => s.name }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ unit: 'grapheme' })),
        (specs, metadata) => {
          const ordered = canonicalOrder(specs)
          const layout = encodeLayout(ordered, metadata)
          assert.deepEqual(parseLayout(layout.header, layout.totalBytes), layout)
          assert.deepEqual(
            layout.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
            ordered.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
          )
          assert.deepEqual({ ...layout.metadata }, { ...metadata })
          assert.equal(layout.dataStart % 8, 0)
        },
      ),
      { numRuns: 200, seed: 7 },
    )
  })

  it('writes the bytes of the reference library', () => {
    const layout = encodeLayout(
      [
        { name: 'a.weight', dtype: 'F32', shape: [2, 3] },
        { name: 'b', dtype: 'F32', shape: [] },
      ],
      { format: 'pt' },
    )
    const json =
      '{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[],"data_offsets":[24,28]}}'
    assert.equal(new TextDecoder().decode(layout.header.subarray(8)), json.padEnd(layout.dataStart - 8))
  })

  it('refuses an order that leaves a tensor unaligned, and a size that is no integer', () => {
    assert.throws(
      () =>
        encodeLayout([
          { name: 'm', dtype: 'U8', shape: [1] },
          { name: 'w', dtype: 'F32', shape: [1] },
        ]),
      /aligned/,
    )
    for (const size of [-1, 1.5, Number.NaN])
      assert.throws(() => encodeLayout([{ name: 'w', dtype: 'F32', shape: [size] }]), /integer|overflow/)
  })
})
