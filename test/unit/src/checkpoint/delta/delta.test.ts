import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { decodeDelta, encodeDelta, type LeafPair } from '../../../../../src/checkpoint/delta/delta-file.ts'
import { packLeaf, unpackLeaf, type Width } from '../../../../../src/checkpoint/delta/pack-leaf.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'

const MIB = 1_048_576
const isBad = (error: unknown) => isColdmeshError(error, 'bad-checkpoint')

async function encode(pairs: readonly LeafPair[], width: Width): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(encodeDelta(pairs, { width })))
}

async function decode(delta: Uint8Array, bases: readonly Uint8Array[], chunk = 7): Promise<Uint8Array[]> {
  const chunks = Array.from({ length: Math.ceil(delta.length / chunk) }, (_, i) =>
    delta.subarray(i * chunk, (i + 1) * chunk),
  )
  return await Array.fromAsync(decodeDelta(chunks, bases))
}

/** Moves each value a little, as training does. */
function trained(base: Uint8Array): Uint8Array {
  const leaf = new Float32Array(new Uint8Array(base).buffer)
  for (let i = 0; i < leaf.length; i++) leaf[i] = (leaf[i] ?? 0) + Math.sin(i) * 1e-5
  return new Uint8Array(leaf.buffer)
}

function weights(count: number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, i) => Math.cos(i * 1.7) * 0.05).buffer)
}

describe('packLeaf', () => {
  for (const width of [2, 4] as const) {
    it(`gives back any bytes exactly, by elements of ${width}`, () => {
      const leaves = fc.integer({ min: 1, max: 64 }).chain((count) => {
        const bytes = fc.uint8Array({ minLength: count * width, maxLength: count * width })
        return fc.tuple(bytes, bytes)
      })
      fc.assert(
        fc.property(leaves, ([leaf, base]) => {
          const packed = packLeaf(leaf, base, width)
          if (packed !== null) assert.deepEqual(unpackLeaf(packed, base, width), leaf)
        }),
      )
    })
  }

  it('gives back every pattern of 16 bits from every sign of the base', () => {
    const leaf = new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, i) => i).buffer)
    for (const shift of [0, 1, 0x7fff, 0x8000, 0xffff]) {
      const base = new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, i) => i + shift).buffer)
      const packed = packLeaf(leaf, base, 2)
      assert.ok(packed !== null && packed.length < leaf.length / 20)
      assert.deepEqual(unpackLeaf(packed, base, 2), leaf)
    }
  })

  it('makes a leaf that training moved little small, whatever its address', () => {
    const base = weights(MIB / 4)
    const leaf = trained(base)
    const packed = packLeaf(leaf, base, 4)
    assert.ok(packed !== null && packed.length < 0.7 * MIB, `${packed?.length}`)
    const odd = new Uint8Array(MIB + 1).subarray(1)
    odd.set(base)
    assert.deepEqual(unpackLeaf(packed, odd, 4), leaf)
  })

  it('leaves alone what does not get smaller, and what is no whole number of elements', () => {
    assert.equal(packLeaf(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(9, 8, 7, 6), 4), null)
    assert.equal(packLeaf(new Uint8Array(1001), new Uint8Array(1001), 2), null)
  })
})

describe('unpackLeaf', () => {
  const base = new Uint8Array(MIB)

  it('refuses what unpacks to more than a leaf, before it is all there', () => {
    const bomb = zstdCompressSync(new Uint8Array(64 * MIB))
    assert.ok(bomb.length < 10_000)
    const before = process.memoryUsage().arrayBuffers
    assert.throws(() => unpackLeaf(bomb, base, 4), isBad)
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * MIB)
  })

  it('refuses a frame that wants a window larger than a leaf', () => {
    const small = new Uint8Array(100)
    assert.deepEqual(unpackLeaf(rawFrame(small, 20), small, 4), small)
    assert.throws(() => unpackLeaf(rawFrame(small, 21), small, 4), isBad)
    assert.throws(() => unpackLeaf(rawFrame(small, 27), small, 4), isBad)
  })

  it('refuses too few bytes, what is cut off, and what is no zstd', () => {
    const packed = packLeaf(trained(weights(1000)), weights(1000), 4)
    assert.ok(packed)
    assert.throws(() => unpackLeaf(packed, new Uint8Array(4004), 4), isBad)
    assert.throws(() => unpackLeaf(packed.subarray(0, -5), weights(1000), 4), isBad)
    assert.throws(() => unpackLeaf(new Uint8Array(50).fill(7), weights(1000), 4), isBad)
  })
})

/** A frame of one raw block that states a window of 2^log bytes and no length (RFC 8878, 3.1.1). */
function rawFrame(data: Uint8Array, log: number): Uint8Array {
  const header = (data.length << 3) | 1
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, header & 0xff, header >> 8, 0, ...data])
}

describe('a delta', () => {
  const base = weights(5000)
  const pairs = [
    { leaf: trained(base), base },
    { leaf: Uint8Array.of(1, 2, 3), base: Uint8Array.of(4, 5, 6) },
  ]
  const bases = pairs.map((pair) => pair.base)

  it('gives back its leaves, in chunks of any size', async () => {
    const delta = await encode(pairs, 4)
    for (const chunk of [1, 7, 4096, MIB]) {
      assert.deepEqual(
        await decode(delta, bases, chunk),
        pairs.map(({ leaf }) => leaf),
      )
    }
  })

  it('is as frozen', async () => {
    const delta = await encode([{ leaf: Uint8Array.of(1, 2, 3), base: Uint8Array.of(4, 5, 6) }], 2)
    assert.equal(Buffer.from(delta).toString('hex'), '636d64656c74613100030000010203')
  })

  it('is refused when it is cut off anywhere, goes on, or is of another format', async () => {
    const delta = await encode(pairs, 4)
    for (const length of [0, 5, 8, 10, 12, 100, delta.length - 1]) {
      await assert.rejects(decode(delta.subarray(0, length), bases), isBad, `${length}`)
    }
    await assert.rejects(decode(Buffer.concat([delta, Uint8Array.of(0)]), bases), isBad)
    await assert.rejects(decode(Buffer.concat([Uint8Array.of(0x43), delta.subarray(1)]), bases), isBad)
    await assert.rejects(decode(delta, bases.slice(0, 1)), isBad)
  })

  it('is refused with a record of an unknown kind, or longer than its leaf', async () => {
    const delta = await encode(pairs.slice(1), 4)
    await assert.rejects(decode(changed(delta, 8, 3), bases.slice(1)), isBad)
    await assert.rejects(decode(changed(delta, 9, 4), bases.slice(1)), isBad)
    await assert.rejects(decode(changed(delta, 9, 2), bases.slice(1)), isBad)
    await assert.rejects(decode(changed(delta, 11, 255), bases.slice(1)), isBad)
  })
})

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[at] = value
  return copy
}
