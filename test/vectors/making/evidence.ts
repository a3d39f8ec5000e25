import { contribution } from '../../../protocols/contribution/messages.ts'
import { encodeEvidence } from '../../../protocols/round/evidence.ts'
import { evidence, precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { compareCids, toHex } from '../../../protocols/wire/bytes.ts'
import { encodeEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { byteString, entriesOf, map, text } from '../../support/protocols/cbor.ts'
import { contributionFields, listBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, type TestKey, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { type EvidenceSituation, judgeEvidenceIn } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'
import { malleated, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const { network, members } = net
const [key, other] = members
if (!key || !other) throw new Error('two members')
const stranger = testKey('stranger')
const ids = ['a', 'b', 'c'].map((name) => testCid(name, 'message')).sort(compareCids)
const [a, b, c] = ids
if (!a || !b || !c) throw new Error('three ids')

const slot = { network, round: 1, view: 0 }
const vote = (base: string | null, by: TestKey = key, fields: Partial<typeof slot> = {}) =>
  sign(prevote, { ...slot, ...fields, base: base === null ? null : testCid(base) }, by)
const commit = (base: string, fields: Partial<typeof slot> = {}) =>
  sign(precommit, { ...slot, ...fields, base: testCid(base) }, key)
const propose = (base: string) =>
  sign(proposal, { ...slot, validView: null, lineage: testCid(base, 'raw'), base: testCid(base) }, key)
const listed = (seq: number, contributions: readonly (typeof a)[], round = 1) =>
  listBy(key, net, [], { seq, contributions: [...contributions], round })

const pair = (one: Signed<RoundMessage>, two: Signed<RoundMessage>) => encodeEvidence(network, one, two)
const raw = (first: Uint8Array, second: Uint8Array) => evidence.encode({ network, first, second })
const valid = pair(vote('x'), vote('y'))
const read = evidence.decode(valid)
const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(valid), name, value))

const [lower, higher] = [vote('x'), vote('y')].sort((one, two) => compareCids(one.id, two.id))
if (!lower || !higher) throw new Error('two votes')
const damaged = (signed: Signed<unknown>, signature: Uint8Array) => encodeEnvelope(signed.payload, signature)
const elsewhere = (base: string) => sign(prevote, { ...slot, network: OTHER_NETWORK, base: testCid(base) }, key)
const announced = sign(contribution, contributionFields(net), key)

type Judged = readonly [name: string, bytes: Uint8Array, reason: string | null]

const JUDGED: readonly Judged[] = [
  ['two prevotes of one view', valid, null],
  ['a prevote for a base and one for nothing', pair(vote('x'), vote(null)), null],
  ['two precommits of one view', pair(commit('x'), commit('y')), null],
  ['two proposals of one view', pair(propose('x'), propose('y')), null],
  ['two lists of one seq', pair(listed(0, [a]), listed(0, [a, b])), null],
  ['a later list that drops an entry', pair(listed(0, [a, b]), listed(1, [b, c])), null],
  ['a list two seqs later that drops an entry', pair(listed(0, [a, b]), listed(2, [b])), null],
  ['5.4 another network', evidence.encode({ ...read, network: OTHER_NETWORK }), 'evidence-wrong-network'],
  ['5.5 the higher id first', raw(higher.envelope, lower.envelope), 'evidence-not-in-order'],
  ['5.5 one message twice', raw(lower.envelope, lower.envelope), 'evidence-not-in-order'],
  [
    '5.5 one message with a second signature, S + L',
    raw(lower.envelope, damaged(lower, malleated(lower.signature))),
    'evidence-bad-signature',
  ],
  ['5.5 a signature of zeros', raw(damaged(lower, new Uint8Array(64)), higher.envelope), 'evidence-bad-signature'],
  ['5.5 each other’s signature', raw(lower.envelope, damaged(higher, lower.signature)), 'evidence-bad-signature'],
  ['5.5 no envelope', raw(lower.payload, higher.envelope), 'evidence-unknown-field'],
  ['5.5 an empty envelope', raw(new Uint8Array(), higher.envelope), 'evidence-not-cbor'],
  ['5.5 messages of another network', pair(elsewhere('x'), elsewhere('y')), 'evidence-wrong-network'],
  ['5.5 a contribution', raw(announced.envelope, higher.envelope), 'evidence-unknown-kind'],
  [
    '5.5 a payload that is none of ours',
    raw(signPayload(null, map([['kind', text('note/1')]]), key).envelope, higher.envelope),
    'evidence-unknown-kind',
  ],
  ['5.6 two members who differ', pair(vote('x'), vote('y', other)), 'evidence-two-authors'],
  ['5.6 nobody of the committee', pair(vote('x', stranger), vote('y', stranger)), 'evidence-not-a-member'],
  ['5.7 two views', pair(vote('x'), vote('y', key, { view: 1 })), 'evidence-no-contradiction'],
  ['5.7 two rounds', pair(vote('x'), vote('y', key, { round: 2 })), 'evidence-no-contradiction'],
  ['5.7 a prevote and a precommit', pair(vote('x'), commit('y')), 'evidence-no-contradiction'],
  ['5.7 a precommit, and another in a later view', pair(commit('x'), commit('y', { view: 3 })), 'evidence-no-contradiction'],
  ['5.7 a list and a vote', pair(listed(0, [a]), vote('x')), 'evidence-no-contradiction'],
  ['5.7 a later list that adds', pair(listed(0, [a]), listed(1, [a, b])), 'evidence-no-contradiction'],
  ['5.7 a later list that is the same', pair(listed(0, [a, b]), listed(3, [a, b])), 'evidence-no-contradiction'],
  ['5.7 lists of two rounds', pair(listed(0, [a]), listed(0, [b], 2)), 'evidence-no-contradiction'],
]

const situation: EvidenceSituation = { members: members.map(({ publicKey }) => toHex(publicKey)) }

function judged([name, bytes, reason]: Judged): Vector {
  const said = stated(judgeEvidenceIn(bytes, network, situation))
  const expected = reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason }
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view: situation, hex: toHex(bytes) }
}

export function makeEvidence(): void {
  const many = Array.from({ length: 128 }, (_, i) => testCid(`${i}`, 'message')).sort(compareCids)
  freezeKind('round/evidence.v1.json', {
    kind: evidence.kind,
    carrier: 'object',
    network: String(network),
    accepted: [
      acceptedObject('two prevotes', valid),
      acceptedObject('two of the longest lists', pair(listed(0, many), listed(0, many.slice(1)))),
    ],
    rejected: [
      ...malformedMaps(valid, { cid: 'network', required: 'second' }),
      ...NOT_OBJECTS,
      tooLong(evidence.maxBytes),
      wrong('another kind', 'bad-field', field('kind', text('certificate/1'))),
      wrong('an envelope of text', 'bad-field', field('first', text('envelope'))),
      wrong('an envelope that is too long', 'bad-field', field('first', byteString(new Uint8Array(8289)))),
    ].map(rejected),
    judged: JUDGED.map(judged),
  })
}
