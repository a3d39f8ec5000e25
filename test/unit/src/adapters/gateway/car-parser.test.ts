import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { blockPrefix, carHeader, frameBytes } from '../../../../../src/adapters/gateway/car.ts'
import { CarError, createCarParser } from '../../../../../src/adapters/gateway/car-parser.ts'
import { createDag } from '../../../../support/gateway/dag.ts'

const dag = await createDag()
const blocks = ['', 'x', 'hello', 'y'.repeat(300)].map((text) => new TextEncoder().encode(text))
const cids = await Promise.all(blocks.map(dag.raw))
const old = await dag.old([new Uint8Array(3)])
const [root = old] = cids
const frames = cids.map((cid, i) =>
  Buffer.concat([blockPrefix(cid, blocks[i]?.length ?? 0), blocks[i] ?? new Uint8Array()]),
)
const whole = Buffer.concat([carHeader([root]), ...frames, blockPrefix(old, 2), Buffer.from('ok')])

function read(bytes: Uint8Array, { piece = Math.max(1, bytes.length), maxBlockBytes = 1000 } = {}) {
  const found: string[] = []
  let target = new Uint8Array(0)
  const parser = createCarParser(
    {
      onHeader: (roots) => found.push(`roots ${roots.join(' ')}`),
      onBlock: (_cid, length) => {
        target = new Uint8Array(length)
        return target
      },
      onBlockEnd: (cid) => found.push(`${cid} ${Buffer.from(target)}`),
    },
    { maxBlockBytes },
  )
  for (let at = 0; at < bytes.length; at += piece) parser.push(bytes.subarray(at, at + piece))
  parser.end()
  return found
}

describe('a CAR', () => {
  const expected = [`roots ${root}`, ...cids.map((cid, i) => `${cid} ${Buffer.from(blocks[i] ?? [])}`), `${old} ok`]

  it('is read alike in pieces of any length', () => {
    for (const piece of [1, 2, 3, 7, 36, 64, 1000]) assert.deepEqual(read(whole, { piece }), expected)
  })

  it('has frames as long as they are said to be', () => {
    for (const [i, cid] of cids.entries()) assert.equal(frameBytes(cid, blocks[i]?.length ?? 0), frames[i]?.length)
  })

  it('is refused when it is cut off anywhere, or has a block above the limit', () => {
    const ends = new Set<number>([carHeader([root]).length])
    for (const frame of frames) ends.add(Math.max(...ends) + frame.length)
    for (let length = 0; length < whole.length; length++) {
      if (ends.has(length)) continue
      assert.throws(() => read(whole.subarray(0, length)), CarError, `${length} bytes`)
    }
    assert.throws(() => read(whole, { maxBlockBytes: 299 }), CarError)
  })

  it('throws nothing else when bytes of it are others', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.integer({ min: 1, max: 64 }), (at, value, piece) => {
        const bytes = Uint8Array.from(whole)
        bytes[at] = value
        try {
          read(bytes, { piece })
        } catch (error) {
          assert.ok(error instanceof CarError, String(error))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
