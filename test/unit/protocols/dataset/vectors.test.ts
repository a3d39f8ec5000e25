import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkProof } from '../../../../protocols/dataset/check.ts'
import { decodeProof } from '../../../../protocols/dataset/files.ts'
import { fromHex, toHex } from '../../../../protocols/wire/bytes.ts'
import { commitRows } from '../../../../src/training/commitment.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

interface Vectors {
  readonly salt: string
  readonly data: readonly string[]
  readonly cases: readonly {
    readonly name: string
    readonly text: string
    readonly against: { readonly root: string; readonly rows: number | null }
    readonly fault: string | null
  }[]
}

const { salt, data, cases } = readVectors<Vectors>('dataset/proof.v1.json')
const bytesOf = (hex: string) => fromHex(hex) ?? assert.fail(hex)

describe('frozen proofs of rows', () => {
  it('are of the commitment to their rows', () => {
    assert.equal(toHex(commitRows(data, bytesOf(salt))), cases[0]?.against.root)
  })

  for (const { name, text, against, fault } of cases) {
    it(`${fault === null ? 'hold' : `are refused (${fault})`}: ${name}`, () => {
      const proof = decodeProof(text)
      const commitment = { root: bytesOf(against.root), rows: against.rows }
      assert.equal('wrong' in proof ? 'unreadable' : checkProof(proof, commitment), fault)
    })
  }
})
