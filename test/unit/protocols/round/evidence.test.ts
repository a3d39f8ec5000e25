import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { isProven, judgeHeardEvidence } from '../../../../protocols/round/evidence.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { type HeardSituation, judgeHeardEvidenceIn } from '../../../support/protocols/situations.ts'
import { bytesOf, readVectors, type Vector } from '../../../support/protocols/vectors.ts'

type Judged = Vector & { readonly view: HeardSituation }

const file = readVectors<{ network: string; judged: readonly Judged[] }>('round/evidence-heard.v1.json')
const network = CID.parse(file.network)

// fault 79
describe('the judge of evidence that others bring', () => {
  for (const vector of file.judged) {
    const { name, verdict, reason, view } = vector
    it(`${verdict}s ${name}`, () => {
      const said = judgeHeardEvidenceIn(bytesOf(vector), network, view)
      assert.deepEqual({ ...said }, reason === undefined ? { verdict } : { verdict, reason })
    })
  }

  it('asks nothing about evidence whose id is known', () => {
    const fail = () => assert.fail('it asked')
    const judged = judgeHeardEvidence(new Uint8Array(3), {
      network,
      isKnown: () => true,
      isMember: fail,
      holds: fail,
      countOf: fail,
      held: 0,
    })
    assert.deepEqual(judged, { verdict: 'ignore', reason: 'evidence-known' })
  })

  // Fault 2: two envelopes of 17 KiB that anybody may send.
  it('rejects every damaged byte of evidence, whoever is a member, and throws nothing', (t) => {
    const valid = file.judged.map(bytesOf)
    const known = new Set(valid.map(toHex))
    const damaged = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'cut', 'insert'))
      .map(([bytes, place, byte, how]) => {
        const at = place % bytes.length
        if (how === 'set') return bytes.map((value, i) => (i === at ? byte : value))
        return how === 'cut'
          ? bytes.subarray(0, at)
          : Uint8Array.from([...bytes.subarray(0, at), byte, ...bytes.subarray(at)])
      })
    const view = {
      network,
      isKnown: () => false,
      isMember: () => true,
      holds: () => false,
      countOf: () => 0,
      held: 0,
    }
    const isRejected = (bytes: Uint8Array) => {
      if (known.has(toHex(bytes))) return
      const judged = judgeHeardEvidence(bytes, view)
      assert.ok(!isProven(judged) && judged.verdict === 'reject' && /^evidence-[a-z0-9-]+$/.test(judged.reason))
    }
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 900 }), damaged), isRejected), {
      seed: testSeed(t),
      numRuns: 1500,
    })
  })
})
