import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { certify, openCertificate } from '../../../../protocols/round/certificate.ts'
import { certificate } from '../../../../protocols/round/messages.ts'
import { compareBytes, equalBytes } from '../../../../protocols/wire/bytes.ts'
import { reject } from '../../../../protocols/wire/verdict.ts'
import { flipBit, sampleBits } from '../../../support/protocols/flips.ts'
import { precommitsBy } from '../../../support/protocols/messages.ts'
import { testCid, testKeys, testNetwork } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { malleated } from '../../../vectors/making/signed.ts'

const { network, members } = testNetwork({ members: 7 })
const vote = { network, round: 3, view: 1, base: testCid('next') }
const quorum = 5
const isMember = (key: Uint8Array) => members.some((member) => equalBytes(member.publicKey, key))
const committee = { network, quorum, isMember }

describe('certify', () => {
  it('takes the first quorum of signatures by author, whatever order the votes came in', () => {
    const votes = precommitsBy(members, vote)
    const bytes = certify(votes, quorum)
    assert.deepEqual(certify(votes.toReversed(), quorum), bytes)
    const authors = certificate.decode(bytes).signatures.map(({ author }) => author)
    const first = members.map(({ publicKey }) => publicKey).sort(compareBytes)
    assert.deepEqual(authors, first.slice(0, quorum))
  })

  it('makes what openCertificate reads', () => {
    const opened = openCertificate(certify(precommitsBy(members, vote), quorum), committee)
    assert.ok(!('verdict' in opened))
    assert.equal(opened.round, 3)
    assert.deepEqual(opened.base, vote.base)
  })

  it('throws without a quorum, and for votes for nothing', () => {
    assert.throws(() => certify(precommitsBy(members.slice(0, 4), vote), quorum))
    assert.throws(() => certify(precommitsBy(members, { ...vote, base: null }), quorum))
    assert.throws(() => certify([], quorum))
  })
})

describe('openCertificate', () => {
  const bytes = certify(precommitsBy(members, vote), quorum)

  it('rejects a certificate with any one bit flipped', (t) => {
    for (const bit of sampleBits(bytes, 600, testSeed(t))) {
      const opened = openCertificate(flipBit(bytes, bit), committee)
      assert.ok('verdict' in opened && opened.verdict === 'reject', `bit ${bit}`)
    }
  })

  // Fault 60; along a chain: test/unit/src/peer/round/old-committee.test.ts.
  it('rejects a quorum of an earlier committee', () => {
    const later = testKeys(7, 'later')
    const isLater = (key: Uint8Array) => later.some((member) => equalBytes(member.publicKey, key))
    const opened = openCertificate(bytes, { ...committee, isMember: isLater })
    assert.deepEqual(opened, reject('certificate-signer-not-a-member'))
  })

  // Fault 59: one signer counts once.
  it('rejects signatures of one member twice, the same or two, in whichever order', () => {
    const { signatures, ...fields } = certificate.decode(bytes)
    const [first, second, third, fourth] = signatures
    assert.ok(first && second && third && fourth)
    const twice = { ...first, signature: malleated(first.signature) }
    for (const repeated of [
      [first, first, second, third, fourth],
      [first, second, third, fourth, fourth],
      [first, second, third, fourth, first],
      [first, twice, second, third, fourth],
    ]) {
      const forged = certificate.encode({ ...fields, signatures: repeated })
      assert.deepEqual(openCertificate(forged, committee), reject('certificate-signers-not-distinct'))
    }
    const few = certificate.encode({ ...fields, signatures: [first, second, third, fourth] })
    assert.deepEqual(openCertificate(few, committee), reject('certificate-no-quorum'))
  })

  it('rejects a smaller quorum than the committee’s', () => {
    const small = certify(precommitsBy(members, vote), 4)
    assert.deepEqual(openCertificate(small, committee), reject('certificate-no-quorum'))
  })

  it('has reasons from a closed set: none holds a key or a number', () => {
    const votes = precommitsBy(members, vote)
    const { signatures, ...fields } = certificate.decode(certify(votes, quorum))
    const forged = certificate.encode({ ...fields, view: 2, signatures })
    assert.deepEqual(openCertificate(forged, committee), reject('certificate-bad-signature'))
  })
})
