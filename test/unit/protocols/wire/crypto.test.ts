import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromHex, toHex } from '../../../../protocols/wire/bytes.ts'
import {
  hashParts,
  isAcceptableKey,
  sha256,
  verifySignature,
  verifySignatureReference,
} from '../../../../protocols/wire/crypto.ts'
import { verifyByHand } from '../../../support/protocols/ed25519.ts'
import { rawSignature, testKey } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

interface SignatureVector {
  readonly name: string
  readonly key: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

const bytes = (hex: string) => fromHex(hex) ?? assert.fail(`not hex: ${hex}`)
const { vectors } = readVectors<{ vectors: SignatureVector[] }>('wire/ed25519.v1.json')
const verifiers = { 'node:crypto': verifySignature, tweetnacl: verifySignatureReference }

/** RFC 8032, section 7.1: tests 1 to 3 and SHA(abc). */
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
]

describe('verifySignature', () => {
  for (const [name, verify] of Object.entries(verifiers)) {
    it(`accepts the signatures of RFC 8032 (${name})`, () => {
      for (const { seed, message, signature, key } of RFC_8032) {
        assert.ok(verify(bytes(message), bytes(signature), bytes(key)), key)
        assert.equal(toHex(rawSignature(bytes(message), { seed: bytes(seed) })), signature)
      }
    })

    // fault 53: S + L, small order, mixed order, and what honest software never makes
    it(`gives every vector its verdict (${name})`, () => {
      for (const { name: vector, message, signature, key, valid } of vectors) {
        assert.equal(verify(bytes(message), bytes(signature), bytes(key)), valid, vector)
      }
    })

    it(`reads Buffers as it reads other bytes, and leaves them as they are (${name})`, () => {
      const key = testKey('buffers')
      const message = Buffer.from('message')
      const signature = Buffer.from(rawSignature(message, key))
      const publicKey = Buffer.from(key.publicKey)
      assert.ok(verify(message, signature, publicKey))
      assert.deepEqual(new Uint8Array(signature), rawSignature(message, key))
      assert.deepEqual(new Uint8Array(publicKey), key.publicKey)
    })
  }

  it('never takes a wrong signature for right because a right one was seen before', () => {
    const [one, other] = [testKey('remembered'), testKey('another')]
    const [message, later] = [Buffer.from('message'), Buffer.from('message!')]
    const signature = rawSignature(message, one)
    for (let time = 0; time < 3; time++) {
      assert.equal(verifySignature(message, signature, one.publicKey), true)
      assert.equal(verifySignature(later, signature, one.publicKey), false)
      assert.equal(verifySignature(message, signature, other.publicKey), false)
      assert.equal(verifySignature(message, rawSignature(later, one), one.publicKey), false)
    }
  })

  it('agrees with arithmetic written by hand on a sample of the vectors', () => {
    for (const { name, message, signature, key, valid } of vectors.filter((_, i) => i % 10 === 0)) {
      assert.equal(verifyByHand(bytes(message), bytes(signature), bytes(key)), valid, name)
    }
  })

  it('has vectors that are valid and vectors that only a cofactor would make valid', () => {
    assert.ok(vectors.filter(({ valid }) => valid).length > 20)
    assert.ok(vectors.filter(({ name, valid }) => name.startsWith('key +') && !valid).length > 20)
  })

  it('gives the verdict of the reference on whatever is tampered with', (t) => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat({ max: 3 }),
      fc.array(fc.tuple(fc.constantFrom('message', 'signature', 'key'), fc.nat(), fc.nat({ max: 7 })), {
        maxLength: 2,
      }),
      (message, signer, flips) => {
        const key = testKey(`signer ${signer}`)
        const parts = { message, signature: rawSignature(message, key), key: key.publicKey.slice() }
        for (const [part, at, bit] of flips) {
          const chosen = parts[part]
          if (chosen.length > 0) chosen[at % chosen.length] = (chosen[at % chosen.length] ?? 0) ^ (1 << bit)
        }
        const verdict = verifySignature(parts.message, parts.signature, parts.key)
        assert.equal(verdict, verifySignatureReference(parts.message, parts.signature, parts.key))
        if (flips.length === 0) assert.ok(verdict)
      },
    )
    fc.assert(property, { seed: testSeed(t), numRuns: 100 })
  })

  // fault 56
  it('refuses lengths other than 64 and 32 without throwing', () => {
    for (const length of [0, 31, 33, 63, 65, 1000]) {
      const odd = new Uint8Array(length)
      assert.equal(verifySignature(odd, odd, testKey('a').publicKey), false)
      assert.equal(verifySignature(odd, new Uint8Array(64), odd), false)
    }
  })

  it('gives the same verdict for more keys than it keeps', () => {
    const message = new Uint8Array([1])
    for (let i = 0; i < 1100; i++) {
      const key = sha256(new Uint8Array([i & 255, i >> 8]))
      assert.equal(verifySignature(message, new Uint8Array(64).fill(9), key), false)
    }
    const key = testKey('after many')
    assert.ok(verifySignature(message, rawSignature(message, key), key.publicKey))
  })
})

describe('isAcceptableKey', () => {
  const keys = readVectors<{ accepted: { hex: string }[]; rejected: { name: string; hex: string }[] }>(
    'wire/keys.v1.json',
  )

  it('accepts keys made from seeds', () => {
    for (const { hex } of keys.accepted) assert.ok(isAcceptableKey(bytes(hex)), hex)
    for (const { key } of RFC_8032) assert.ok(isAcceptableKey(bytes(key)), key)
  })

  // fault 54
  it('refuses small order, y of p or more, and other lengths', () => {
    for (const { name, hex } of keys.rejected) assert.equal(isAcceptableKey(bytes(hex)), false, `${name}: ${hex}`)
    assert.ok(keys.rejected.length > 40)
  })
})

describe('hashParts', () => {
  const { hashes } = readVectors<{ hashes: { parts: (string | number)[]; hex: string }[] }>('wire/election.v1.json')

  it('gives the hash of every vector', () => {
    for (const { parts, hex } of hashes) assert.equal(toHex(hashParts(...parts)), hex)
  })

  it('never lets two lists of parts share an input', () => {
    assert.notDeepEqual(hashParts('ab', 'c'), hashParts('a', 'bc'))
    assert.notDeepEqual(hashParts('a'), hashParts('a', ''))
    assert.notDeepEqual(hashParts(1), hashParts('1'))
  })

  it('writes a number as eight bytes, big-endian', () => {
    assert.deepEqual(hashParts(258), hashParts(new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2])))
  })
})
