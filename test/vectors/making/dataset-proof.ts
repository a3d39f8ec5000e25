import { encodeProof, type RowProof } from '../../../protocols/dataset/files.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { createCommitment } from '../../../src/training/commitment.ts'
import { freeze } from './file.ts'

const salt = Uint8Array.from({ length: 32 }, (_, i) => i)
const ROWS = ['["good",null,"positive"]', '["a \\"b\\"\\n é 日本 😀","and a pair","negative"]', '["x",null,["a","b"]]', '["y",null,0.5]', '["z",null,[]]']

function prove(index: number, rows = ROWS): RowProof {
  const commitment = createCommitment(salt, { proven: index })
  for (const row of rows) commitment.add(row)
  const way = commitment.wayToRow()
  if (way === null) throw new Error('there is such a row')
  return { root: commitment.root(), rows: rows.length, index, ...way }
}

/** Proofs as text, with the commitment that they are held against; `fault` is null for those that hold, `unreadable` for what is no proof. */
export function makeDatasetProof(): void {
  const against = { root: toHex(prove(0).root), rows: ROWS.length }
  const first = prove(0)
  const last = prove(4)
  const [beside] = first.path
  if (beside === undefined) throw new Error('five rows have levels')
  const one = prove(0, ROWS.slice(0, 1))
  const changed: readonly (readonly [string, RowProof, string])[] = [
    ['another row', { ...first, row: '["bad",null,"positive"]' }, 'other-root'],
    ['another salt', { ...first, salt: beside }, 'other-root'],
    ['the place of another row with as long a path', { ...first, index: 1 }, 'other-root'],
    ['the place of a row with a shorter path', { ...first, index: 4 }, 'path-length'],
    ['one hash too many', { ...last, path: [...last.path, beside] }, 'path-length'],
    ['other rows of the same shape', { ...first, rows: 6 }, 'other-rows'],
    ['other data', one, 'other-commitment'],
  ]
  const files: readonly (readonly [string, string])[] = [
    ['no JSON', '{'],
    ['another kind', encodeProof(first).replace('proof/1', 'proof/2')],
    ['an upper-case hash', encodeProof(first).replace(against.root, against.root.toUpperCase())],
    ['an index that is not below rows', encodeProof({ ...first, index: 5 })],
    ['a short salt', encodeProof({ ...first, salt: first.salt.subarray(1) })],
    ['a member too many', encodeProof(first).replace('"kind"', '"more": 1, "kind"')],
  ]
  freeze('dataset/proof.v1.json', {
    salt: toHex(salt),
    data: ROWS,
    cases: [
      ...ROWS.map((_, index) => ({ name: `row ${index + 1} of 5`, text: encodeProof(prove(index)), against, fault: null })),
      { name: 'the only row', text: encodeProof(one), against: { root: toHex(one.root), rows: 1 }, fault: null },
      { name: 'only the root is known', text: encodeProof({ ...first, rows: 6 }), against: { ...against, rows: null }, fault: null },
      ...changed.map(([name, proof, fault]) => ({ name, text: encodeProof(proof), against, fault })),
      ...files.map(([name, text]) => ({ name, text, against, fault: 'unreadable' })),
    ],
  })
}
