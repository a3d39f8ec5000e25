import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'
import {
  bytesOf,
  idOfVector,
  judgeBytes,
  judgeInView,
  readVectors,
  VECTORS,
  type Vector,
  type VectorFile,
  vectorPaths,
} from '../support/protocols/vectors.ts'

const expected = ({ verdict, reason }: Vector) => (reason === undefined ? { verdict } : { verdict, reason })
const plain = (verdict: Verdict) => ({ ...verdict })

/** Files of one kind; the others (text of invites, elections) have tests beside what they are about. */
const kinds = vectorPaths()
  .map((path) => ({ path, file: readVectors<Partial<VectorFile>>(path) }))
  .filter((entry): entry is { path: string; file: VectorFile } => entry.file.kind !== undefined)

describe('frozen vectors', () => {
  const frozen: Record<string, string> = readVectors('frozen.json')

  it('are never edited, and every one is listed', () => {
    const now = vectorPaths().map((path) => [path, toHex(sha256(readFileSync(new URL(path, VECTORS))))])
    assert.deepEqual(Object.fromEntries(now), frozen)
  })

  for (const { path, file } of kinds) {
    describe(path, () => {
      for (const vector of [...file.accepted, ...file.rejected]) {
        it(`${vector.verdict}s ${vector.name}`, () => {
          const bytes = bytesOf(vector)
          assert.deepEqual(plain(judgeBytes(file, bytes)), expected(vector))
          if (vector.verdict === 'accept') assert.equal(idOfVector(file, bytes), vector.id)
        })
      }
      for (const vector of file.judged ?? []) {
        it(`${vector.verdict}s ${vector.name}, in its situation`, () => {
          assert.deepEqual(plain(judgeInView(file, vector)), expected(vector))
        })
      }
    })
  }
})
