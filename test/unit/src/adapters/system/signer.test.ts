import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import nacl from 'tweetnacl'
import { createSigner } from '../../../../../src/adapters/system/signer.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('createSigner', () => {
  // RFC 8032, section 7.1, test 2.
  const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')

  it('derives the public key and signature of RFC 8032', () => {
    const signer = createSigner(seed)
    assert.equal(
      Buffer.from(signer.key).toString('hex'),
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    )
    assert.equal(
      Buffer.from(signer.sign(hex('72'))).toString('hex'),
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('agrees with tweetnacl', () => {
    const signer = createSigner(seed)
    const bytes = new TextEncoder().encode('a round')
    assert.ok(nacl.sign.detached.verify(bytes, signer.sign(bytes), signer.key))
  })

  it('signs the same after the caller wiped the seed', () => {
    const copy = seed.slice()
    const signer = createSigner(copy)
    copy.fill(0)
    assert.deepEqual(signer.sign(hex('72')), createSigner(seed).sign(hex('72')))
  })

  it('refuses a seed of another length', () => {
    assert.throws(() => createSigner(seed.subarray(1)), RangeError)
  })
})
