import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode, prepare } from '@ipld/dag-pb'
import fc from 'fast-check'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { type Expected, readUnixfsBlock } from '../../../../src/checkpoint/unixfs-node.ts'
import { ColdmeshError, isColdmeshError } from '../../../../src/ports/errors.ts'

const RAW = 0x55
const DAG_PB = 0x70
const cid = (codec: number): CID => CID.createV1(codec, create(0x12, new Uint8Array(32)))
const read = (block: Uint8Array, expected: Expected, codec = DAG_PB, depth = 0) =>
  readUnixfsBlock({ cid: cid(codec), expected, depth }, block)
const file = (sizes: readonly (number | bigint)[]): Uint8Array =>
  encode(
    prepare({
      Data: new UnixFS({ type: 'file', blockSizes: sizes.map(BigInt) }).marshal(),
      Links: sizes.map(() => ({ Hash: cid(RAW), Tsize: 1, Name: '' })),
    }),
  )
const anyFile: Expected = { kind: 'file', bytes: undefined }
const bad = (error: unknown): boolean => isColdmeshError(error, 'bad-checkpoint')

describe('readUnixfsBlock', () => {
  it('tells each child the size its parent promised', () => {
    const { children, fileBytes } = read(file([10, 20]), anyFile)
    assert.equal(fileBytes, 30)
    assert.deepEqual(
      children.map(({ expected }) => expected),
      [
        { kind: 'file', bytes: 10 },
        { kind: 'file', bytes: 20 },
      ],
    )
  })

  it('takes an empty file, as a node and as a leaf', () => {
    assert.equal(read(file([]), { kind: 'file', bytes: 0 }).fileBytes, 0)
    assert.equal(read(new Uint8Array(), { kind: 'file', bytes: 0 }, RAW).fileBytes, 0)
  })

  it('refuses sizes that no number holds', () => {
    for (const sizes of [[2n ** 63n], [2n ** 53n], [2n ** 52n, 2n ** 52n, 2n ** 52n], [0]]) {
      assert.throws(() => read(file(sizes), anyFile), bad)
    }
  })

  it('refuses a leaf of another size than promised', () => {
    assert.throws(() => read(new Uint8Array(9), { kind: 'file', bytes: 10 }, RAW), bad)
  })

  it('refuses a node at the depth limit, whatever is in it', () => {
    assert.throws(
      () => read(file([1]), anyFile, DAG_PB, 8),
      (error) => isColdmeshError(error, 'too-large'),
    )
  })

  it('answers any bytes with a result or a ColdmeshError, never another', () => {
    const kinds: Expected[] = [anyFile, { kind: 'directory' }, { kind: 'entry' }, { kind: 'file', bytes: 5 }]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...kinds), (block, expected) => {
        try {
          read(block, expected)
        } catch (error) {
          assert.ok(error instanceof ColdmeshError, String(error))
        }
      }),
      { numRuns: 2000, seed: 7 },
    )
  })

  it('answers a damaged node with a result or a ColdmeshError, never another', () => {
    const good = file([1000, 2000, 3000])
    fc.assert(
      fc.property(fc.nat(good.byteLength - 1), fc.nat(255), (at, value) => {
        const block = Uint8Array.from(good)
        block[at] = value
        try {
          read(block, anyFile)
        } catch (error) {
          assert.ok(error instanceof ColdmeshError, String(error))
        }
      }),
      { numRuns: 2000, seed: 7 },
    )
  })
})
