import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fromHex } from '../../../../protocols/wire/bytes.ts'
import { isAcceptableKey, verifySignature, verifySignatureReference } from '../../../../protocols/wire/crypto.ts'
import { verifyByHand } from '../../../support/protocols/ed25519.ts'
import { readVectors, VECTORS } from '../../../support/protocols/vectors.ts'

interface PublicVector {
  readonly name: string
  readonly key: string
  readonly message: string
  readonly signature: string
  readonly theirs: 'valid' | 'invalid' | null
  readonly valid: boolean
  readonly reason?: string
}

const bytes = (hex: string) => fromHex(hex) ?? assert.fail(`not hex: ${hex}`)
const read = (file: string) => readVectors<{ vectors: PublicVector[] }>(`wire/ed25519/${file}`).vectors
const files = readdirSync(new URL('wire/ed25519/', VECTORS)).filter((file) => file.endsWith('.json'))
const sets = files.map((file) => ({ name: file.replace('.v1.json', ''), vectors: read(file) }))
const verifiers = { 'node:crypto': verifySignature, tweetnacl: verifySignatureReference }

/** Vectors, and how many of them the set itself judges otherwise; its README says why. */
const EXPECTED: Readonly<Record<string, readonly [vectors: number, differing: number]>> = {
  cctv: [914, 0],
  'cr-yp-to': [128, 0],
  rfc8032: [5, 0],
  speccheck: [12, 9],
  wycheproof: [151, 0],
  zip215: [196, 196],
}

// fault 53
describe('public Ed25519 vectors', () => {
  it('are 1,406, and differ from their sets where the README says so', () => {
    const differs = ({ theirs, valid }: PublicVector) => theirs !== null && (theirs === 'valid') !== valid
    const found = sets.map(({ name, vectors }) => [name, [vectors.length, vectors.filter(differs).length]])
    assert.deepEqual(Object.fromEntries(found), EXPECTED)
    assert.equal(sets.flatMap(({ vectors }) => vectors).length, 1406)
  })

  for (const { name, vectors } of sets) {
    for (const [verifier, verify] of Object.entries(verifiers)) {
      it(`get their one verdict: ${name} by ${verifier}`, () => {
        for (const { name: vector, message, signature, key, valid } of vectors) {
          assert.equal(verify(bytes(message), bytes(signature), bytes(key)), valid, vector)
        }
      })
    }

    it(`get the same verdict from arithmetic written by hand, on a sample: ${name}`, () => {
      const every = Math.ceil(vectors.length / 24)
      for (const { name: vector, message, signature, key, valid } of vectors.filter((_, i) => i % every === 0)) {
        assert.equal(verifyByHand(bytes(message), bytes(signature), bytes(key)), valid, vector)
      }
    })
  }

  // fault 54
  it('have no key of small order or of another encoding that a member may have', () => {
    const all = sets.flatMap(({ vectors }) => vectors)
    const refused = all.filter(({ reason = '' }) => /^key-(small-order|not-canonical)$/.test(reason))
    assert.ok(refused.length > 600)
    for (const { key, name } of refused) assert.equal(isAcceptableKey(bytes(key)), false, name)
    for (const { key, name, valid } of all) if (valid) assert.ok(isAcceptableKey(bytes(key)), name)
  })
})
