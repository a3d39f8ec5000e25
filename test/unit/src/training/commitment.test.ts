import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { commitmentRow, commitRows } from '../../../../src/training/commitment.ts'

const salt = new Uint8Array(32).fill(7)
const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

function leaf(row: string, index: number): Uint8Array {
  const place = Buffer.from([0, 0, 0, 0, 0, 0, 0, index])
  const rowSalt = createHmac('sha256', salt).update(place).digest()
  return sha256(Uint8Array.of(0), rowSalt, Buffer.from(row))
}
const node = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right)

describe('commitRows', () => {
  it('is the root of the tree its document describes', () => {
    const [a, b, c, d, e] = ['a', 'bé', '', 'd', 'e'].map(leaf)
    assert.ok(a && b && c && d && e)
    const rows = ['a', 'bé', '', 'd', 'e']
    assert.deepEqual(Buffer.from(commitRows(rows.slice(0, 1), salt)), a)
    assert.deepEqual(Buffer.from(commitRows(rows.slice(0, 3), salt)), node(node(a, b), c))
    assert.deepEqual(Buffer.from(commitRows(rows, salt)), node(node(node(a, b), node(c, d)), e))
  })

  it('changes with any row, their order, their number and the salt', () => {
    const roots = [
      commitRows(['a', 'b', 'c'], salt),
      commitRows(['a', 'b', 'd'], salt),
      commitRows(['b', 'a', 'c'], salt),
      commitRows(['a', 'b', 'c', 'c'], salt),
      commitRows(['a', 'b'], salt),
      commitRows(['a', 'b', 'c'], new Uint8Array(32).fill(8)),
    ]
    assert.equal(new Set(roots.map((root) => Buffer.from(root).toString('hex'))).size, roots.length)
    assert.ok(roots.every((root) => root.length === 32))
  })

  it('refuses no rows and a short salt', () => {
    assert.throws(
      () => commitRows([], salt),
      (error) => isColdmeshError(error, 'bad-input'),
    )
    assert.throws(
      () => commitRows(['a'], new Uint8Array(15)),
      (error) => isColdmeshError(error, 'bad-input'),
    )
  })
})

describe('commitmentRow', () => {
  it('tells texts, pairs and labels apart', () => {
    assert.equal(commitmentRow({ text: 'a', label: 'b' }), '["a",null,"b"]')
    assert.notEqual(commitmentRow({ text: 'a', pair: 'b', label: 'c' }), commitmentRow({ text: 'a", "b', label: 'c' }))
  })
})
