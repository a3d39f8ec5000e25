import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkProof } from '../../../../protocols/dataset/check.ts'
import { decodeProof, encodeProof, type RowProof } from '../../../../protocols/dataset/files.ts'
import { levelsOf, nodeHash } from '../../../../protocols/dataset/tree.ts'
import { commitRows, createCommitment } from '../../../../src/training/commitment.ts'

const salt = new Uint8Array(32).fill(7)
const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => JSON.stringify([`text ${i}`, null, 'label']))

function prove(rows: readonly string[], index: number): RowProof {
  const commitment = createCommitment(salt, { proven: index })
  for (const row of rows) commitment.add(row)
  const way = commitment.wayToRow() ?? assert.fail('no such row')
  return { root: commitment.root(), rows: rows.length, index, ...way }
}

/** Any proof of any row of 1 to 200. */
const proofs = fc.integer({ min: 1, max: 200 }).chain((count) =>
  fc.integer({ min: 0, max: count - 1 }).map((index) => {
    const rows = rowsOf(count)
    return { rows, proof: prove(rows, index), against: { root: commitRows(rows, salt), rows: count } }
  }),
)

const flipped = (bytes: Uint8Array, bit: number) =>
  bytes.map((byte, at) => (at === (bit >> 3) % bytes.length ? byte ^ (1 << (bit & 7)) : byte))

describe('a proof of a row', () => {
  it('holds against the commitment, for every row of 1 to 40 rows', () => {
    for (let count = 1; count <= 40; count++) {
      const rows = rowsOf(count)
      const against = { root: commitRows(rows, salt), rows: count }
      for (let index = 0; index < count; index++) {
        const proof = decodeProof(encodeProof(prove(rows, index)))
        assert.ok(!('wrong' in proof))
        assert.equal(checkProof(proof, against), null, `${index} of ${count}`)
        assert.ok(proof.path.length <= Math.ceil(Math.log2(count)))
      }
    }
  })

  it('fails whatever of it is changed', () => {
    const changes: readonly ((proof: RowProof, n: number) => RowProof)[] = [
      (proof, n) => ({ ...proof, root: flipped(proof.root, n) }),
      (proof, n) => ({ ...proof, salt: flipped(proof.salt, n) }),
      (proof, n) => ({
        ...proof,
        row: `${proof.row.slice(0, n % proof.row.length)}x${proof.row.slice(n % proof.row.length)}`,
      }),
      (proof) => ({ ...proof, row: proof.row.slice(1) }),
      (proof) => ({ ...proof, salt: proof.salt.subarray(0, 31), row: `${String.fromCharCode(7)}${proof.row}` }),
      (proof, n) => ({ ...proof, rows: proof.rows + 1 + (n % 300) }),
      (proof, n) => ({ ...proof, index: proof.index + 1 + (n % 300) }),
      (proof, n) => ({ ...proof, index: proof.rows > 1 ? (proof.index + 1 + (n % (proof.rows - 1))) % proof.rows : 1 }),
      (proof) => ({ ...proof, path: [...proof.path, proof.root] }),
      (proof) => ({ ...proof, path: proof.path.length > 0 ? proof.path.slice(1) : [proof.salt] }),
      (proof, n) => ({
        ...proof,
        path: proof.path.length > 0 ? proof.path.map((hash) => flipped(hash, n)) : [proof.salt],
      }),
      (proof) => ({ ...proof, path: proof.path.length > 1 ? proof.path.toReversed() : [proof.salt, proof.salt] }),
    ]
    fc.assert(
      fc.property(proofs, fc.nat(), fc.integer({ min: 0, max: changes.length - 1 }), ({ proof, against }, n, which) => {
        const change = changes[which] ?? assert.fail()
        const changed = change(proof, n)
        assert.notEqual(checkProof(changed, against), null)
      }),
      { numRuns: 800, seed: 7 },
    )
  })

  it('of a row is none of another place, whatever rows it claims, where the number of rows is known', () => {
    fc.assert(
      fc.property(proofs, fc.nat(199), fc.integer({ min: 1, max: 200 }), ({ proof, against }, wanted, rows) => {
        const index = Math.min(wanted, rows - 1)
        if (index === proof.index && rows === proof.rows) return
        assert.notEqual(checkProof({ ...proof, index, rows }, against), null)
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  it('can claim another number of rows where only the root is known: that is why the number is asked for', () => {
    const rows = rowsOf(3)
    const proof = { ...prove(rows, 0), rows: 4 }
    assert.equal(checkProof(proof, { root: proof.root, rows: null }), null)
    assert.equal(checkProof(proof, { root: proof.root, rows: 3 }), 'other-rows')
  })

  it('is not to be had of an inner node', () => {
    const rows = rowsOf(4)
    const [first, second] = [prove(rows, 0), prove(rows, 2)]
    const [left, right] = [second.path[1], first.path[1]]
    assert.ok(left && right)
    assert.deepEqual(nodeHash(left, right), first.root)
    const forged = { ...first, rows: 1, index: 0, path: [], salt: left, row: Buffer.from(right).toString('latin1') }
    assert.equal(checkProof(forged, { root: first.root, rows: null }), 'other-root')
  })
})

describe('levelsOf', () => {
  it('covers all other rows, each once', () => {
    fc.assert(
      fc.property(proofs, ({ proof: { index, rows } }) => {
        const places = levelsOf(index, rows).flatMap(({ beside: { first, end } }) =>
          Array.from({ length: end - first }, (_, i) => first + i),
        )
        assert.deepEqual(
          [...places, index].sort((a, b) => a - b),
          Array.from({ length: rows }, (_, i) => i),
        )
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('ends for as many rows as there are numbers', () => {
    assert.ok(levelsOf(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER).length <= 53)
  })
})

describe('decodeProof', () => {
  const good = JSON.parse(encodeProof(prove(rowsOf(5), 3)))
  const wrong: readonly (readonly [string, unknown])[] = [
    ['is no JSON', '{'],
    ['is a list', []],
    ['has another kind', { ...good, kind: 'dataset-proof/2' }],
    ['lacks its salt', (({ salt: _, ...rest }) => rest)(good)],
    ['has a member too many', { ...good, more: 1 }],
    ['has an index that is not below its rows', { ...good, index: 5 }],
    ['has a fraction', { ...good, index: 0.5 }],
    ['has rows as text', { ...good, rows: '5' }],
    ['has a count above 2^53 - 1', { ...good, rows: 2 ** 53 }],
    ['has an upper-case root', { ...good, root: good.root.toUpperCase() }],
    ['has a short salt', { ...good, salt: good.salt.slice(2) }],
    ['has a path with something else', { ...good, path: [...good.path, null] }],
    ['has no list as path', { ...good, path: {} }],
  ]
  for (const [title, value] of wrong) {
    it(`refuses a file that ${title}`, () => {
      assert.ok('wrong' in decodeProof(typeof value === 'string' ? value : JSON.stringify(value)))
    })
  }
})
