import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatInvite, parseInvite } from '../../../../protocols/membership/invite.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../../protocols/wire/codec.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

const vectors = readVectors<{
  readonly network: string
  readonly accepted: readonly { name: string; text: string; addresses: readonly string[] }[]
  readonly rejected: readonly { name: string; text: string; reason: string }[]
}>('membership/invite-text.v1.json')

const second = readVectors<{
  readonly network: string
  readonly accepted: readonly { text: string; addresses: readonly string[]; voucher: string }[]
  readonly rejected: readonly { name: string; text: string; reason: string }[]
}>('membership/invite-text.v2.json')

const malformed = (reason?: string) => (error: unknown) =>
  error instanceof MalformedError && (reason === undefined || error.reason === reason)

describe('parseInvite', () => {
  for (const { name, text, addresses } of vectors.accepted) {
    it(`reads ${name}`, () => {
      const invite = parseInvite(text)
      assert.equal(String(invite.network), vectors.network)
      assert.deepEqual(invite.addresses, addresses)
      assert.equal(formatInvite(invite), text.trim())
    })
  }

  for (const { name, text, reason } of vectors.rejected) {
    it(`refuses ${name}`, () => assert.throws(() => parseInvite(text), malformed(reason)))
  }

  it('reads the voucher of the second version, and writes what it read', () => {
    for (const { text, addresses, voucher } of second.accepted) {
      const invite = parseInvite(text)
      assert.equal(String(invite.network), second.network)
      assert.deepEqual(invite.addresses, addresses)
      assert.equal(toHex(invite.voucher ?? new Uint8Array()), voucher)
      assert.equal(formatInvite(invite), text)
    }
    assert.ok(vectors.accepted.every(({ text }) => parseInvite(text).voucher === undefined))
  })

  for (const { name, text, reason } of second.rejected) {
    it(`refuses ${name}`, () => assert.throws(() => parseInvite(text), malformed(reason)))
  }

  const text = formatInvite({ network: testCid('network', 'message'), addresses: ['/ip4/192.0.2.1/tcp/4001'] })

  it('refuses any one character changed', () => {
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'q' ? 'r' : 'q'}${text.slice(at + 1)}`
      assert.throws(() => parseInvite(changed), malformed(), `character ${at}`)
    }
  })

  it('refuses any text cut short', () => {
    for (let length = 0; length < text.length; length++) {
      assert.throws(() => parseInvite(text.slice(0, length)), malformed(), `${length} characters`)
    }
  })

  it('says what is wrong with any text, and throws nothing else', (t) => {
    const any = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^coldmesh1[a-z2-7]{0,200}$/))
    const property = fc.property(any, (candidate) => assert.throws(() => parseInvite(candidate), malformed()))
    fc.assert(property, { seed: testSeed(t), numRuns: 500 })
  })
})
