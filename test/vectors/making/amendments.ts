import { amendment, approval, ratification } from '../../../protocols/membership/messages.ts'
import { MAX_APPROVALS_PER_AUTHOR, ratify } from '../../../protocols/membership/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { byteString, entriesOf, head, list, map, text } from '../../support/protocols/cbor.ts'
import { type Change, amendmentOf, approvalsBy } from '../../support/protocols/amendments.ts'
import { sign, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { type AmendmentSituation, judgeApprovalIn, judgeRatificationIn } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedEnvelope, acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, WRONG_UINTS, withValue } from './malformed.ts'
import { fourMembers } from './lineage-rounds.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const { network, members } = net
const [m0, m1, m2, m3] = fourMembers(net)
const quorum = [m0, m1, m2]
const stranger = testKey('stranger')
const earlier = testCid('an earlier amendment', 'message')

const newcomer = { name: 'newcomer', key: testKey('newcomer').publicKey }
const adding: Change = { add: [newcomer] }
const valid = amendmentOf(net, adding)
const of = (change: Change, previous: typeof earlier | null = null) => amendmentOf(net, change, previous)

const CHANGES: readonly (readonly [name: string, change: Change])[] = [
  ['a member joins', adding],
  ['a member goes', { remove: [m3.publicKey] }],
  ['one for another', { add: [newcomer], remove: [m0.publicKey] }],
  ['another quorum', { quorum: 'crash' }],
  ['two fields of the policy', { round: { minContributions: 2, collectMs: 5000 } }],
  ['anyone may contribute', { contributors: 'open' }],
  ['one key may contribute', { contributors: [stranger.publicKey] }],
]

const situation: AmendmentSituation = { genesis: toHex(net.bytes), last: null, known: [], byAuthor: 0 }
const rejectedAs = (reason: string) => ({ verdict: 'reject', reason }) as const
const ignoredAs = (reason: string) => ({ verdict: 'ignore', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const

/** What is wrong with an amendment itself, whoever carries it. */
const WRONG_CHANGES: readonly (readonly [name: string, bytes: Uint8Array, reason: string])[] = [
  ['8.1 another network', amendment.encode({ network: OTHER_NETWORK, previous: null, change: adding }), 'amendment-wrong-network'],
  ['8.3 nothing', of({}), 'amendment-empty'],
  ['8.3 an empty policy', of({ round: {} }), 'amendment-empty'],
  ['8.3 who goes is no member', of({ remove: [stranger.publicKey] }), 'amendment-removes-nobody'],
  ['8.3 a member goes twice', of({ remove: [m0.publicKey, m0.publicKey] }), 'amendment-removes-nobody'],
  ['8.3 everybody goes', of({ remove: members.map(({ publicKey }) => publicKey) }), 'amendment-committee-size'],
  ['8.4 a member joins again', of({ add: [{ name: 'again', key: m0.publicKey }] }), 'amendment-duplicate-member-key'],
  ['8.4 a name that is taken', of({ add: [{ ...newcomer, name: m0.name }] }), 'amendment-duplicate-member-name'],
  ['8.4 a key of small order', of({ add: [{ name: 'zero', key: new Uint8Array(32) }] }), 'amendment-bad-member-key'],
  ['8.4 more needed than taken', of({ round: { minContributions: 9 } }), 'amendment-min-above-max'],
  ['8.4 a rule that is not known', of({ fusion: { rule: 'guess/1', params: {} } }), 'amendment-unsupported-rule'],
  ['no amendment', new Uint8Array(3).fill(255), 'amendment-not-cbor'],
]

type Approved = readonly [name: string, signed: Signed<unknown>, view: Partial<AmendmentSituation>, Partial<Vector>]
const by = (bytes: Uint8Array, key = m0) => approvalsBy([key], net, bytes)[0] ?? unreachable()
const APPROVED: readonly Approved[] = [
  ...CHANGES.map(([name, change]): Approved => [name, by(of(change)), {}, ACCEPTED]),
  ['one that follows another', by(of(adding, earlier)), { last: String(earlier) }, ACCEPTED],
  ...WRONG_CHANGES.map(([name, bytes, reason]): Approved => [name, by(bytes), {}, rejectedAs(reason)]),
  ['8.2 one that follows another, which is not there', by(of(adding, earlier)), {}, ignoredAs('amendment-out-of-order')],
  ['8.2 one after another came first', by(valid), { last: String(earlier) }, ignoredAs('amendment-out-of-order')],
  ['8.5 a stranger', by(valid, stranger), {}, ignoredAs('not-a-member')],
  ['8.6 known', by(valid), { known: [String(by(valid).id)] }, ignoredAs('known')],
  ['8.7 one too many', by(valid), { byAuthor: MAX_APPROVALS_PER_AUTHOR }, ignoredAs('approval-limit')],
]

const ratified = (bytes: Uint8Array, keys = quorum, count = keys.length) => ratify(approvalsBy(keys, net, bytes), count)
const good = ratification.decode(ratified(valid))
const withSignatures = (signatures: (typeof good)['signatures']) => ratification.encode({ ...good, signatures })
const foreign = approvalsBy(quorum, net, of({ quorum: 'crash' }))

type Ratified = readonly [name: string, bytes: Uint8Array, reason: string | null]
const RATIFIED: readonly Ratified[] = [
  ...CHANGES.map(([name, change]): Ratified => [name, ratified(of(change)), null]),
  ['three others of four', ratified(valid, [m1, m2, m3]), null],
  ['8.8 two of four', ratified(valid, [m0, m1]), 'ratification-no-quorum'],
  ['8.8 four of four', ratified(valid, [m0, m1, m2, m3]), 'ratification-no-quorum'],
  ['8.8 a member twice', withSignatures([...good.signatures.slice(0, 2), ...good.signatures.slice(1, 2)]), 'ratification-signers-not-distinct'],
  ['8.8 not in the order of authors', withSignatures(good.signatures.toReversed()), 'ratification-signers-not-distinct'],
  ['8.8 a stranger', ratified(valid, [m0, m1, stranger]), 'ratification-signer-not-a-member'],
  ['8.9 one that does not follow the last', ratified(of(adding, earlier)), 'amendment-out-of-order'],
  ...WRONG_CHANGES.map(([name, bytes, reason]): Ratified => [name, ratified(bytes), reason]),
  ['8.10 signatures of another amendment', ratification.encode({ ...ratification.decode(ratify(foreign, 3)), amendment: valid }), 'ratification-bad-signature'],
]

function unreachable(): never {
  throw new Error('one key, one approval')
}

function check(name: string, said: object, expected: object): void {
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
}

function judgedApproval([name, { envelope }, view, expected]: Approved): Vector {
  const known = { ...situation, ...view }
  const said = stated(judgeApprovalIn(envelope, network, known))
  check(name, said, expected)
  return { name, ...said, view: known, hex: toHex(envelope) }
}

function judgedRatification([name, bytes, reason]: Ratified): Vector {
  const said = stated(judgeRatificationIn(bytes, situation))
  check(name, said, reason === null ? ACCEPTED : rejectedAs(reason))
  return { name, ...said, view: situation, hex: toHex(bytes) }
}

const change = (fields: Uint8Array) => map(withValue(entriesOf(valid), 'change', fields))
const changed = (name: string, value: Uint8Array) => change(map([[name, value]]))

export function makeAmendments(): void {
  freezeKind('membership/amendment.v1.json', {
    kind: amendment.kind,
    carrier: 'object',
    accepted: [
      ...CHANGES.map(([name, fields]) => acceptedObject(name, of(fields))),
      acceptedObject('one that follows another', of(adding, earlier)),
    ],
    rejected: [
      ...malformedMaps(valid, { cid: 'network', required: 'previous' }),
      ...NOT_OBJECTS,
      tooLong(amendment.maxBytes),
      wrong('another kind', 'bad-field', map(withValue(entriesOf(valid), 'kind', text('approval/1')))),
      wrong('a change that is not there', 'unknown-field', changed('name', text('another name'))),
      wrong('a list as change', 'bad-field', change(list([]))),
      wrong('nobody joins', 'bad-field', changed('add', list([]))),
      wrong('a key of 31 bytes goes', 'bad-field', changed('remove', list([byteString(new Uint8Array(31))]))),
      wrong('a policy that is not there', 'unknown-field', changed('round', map([['speed', head('uint', 1)]]))),
      wrong('another kind of quorum', 'bad-field', changed('quorum', text('simple'))),
      ...WRONG_UINTS.map(([name, reason, value]) =>
        wrong(`minContributions: ${name}`, reason, changed('round', map([['minContributions', value]]))),
      ),
    ].map(rejected),
  })
  freezeKind('membership/approval.v1.json', {
    kind: approval.kind,
    carrier: 'envelope',
    network: String(network),
    accepted: [acceptedEnvelope('an amendment', by(valid)), acceptedEnvelope('no bytes', by(new Uint8Array()))],
    rejected: malformedEnvelopes({
      valid: by(valid),
      key: m0,
      declaration: approval,
      fields: { cid: 'network', required: 'amendment' },
      topicMaxBytes: approval.maxBytes,
      otherKind: by(of({ quorum: 'crash' })),
      otherNetwork: sign(approval, { network: OTHER_NETWORK, amendment: valid }, m0),
    }).map(rejected),
    judged: APPROVED.map(judgedApproval),
  })
  freezeKind('membership/ratification.v1.json', {
    kind: ratification.kind,
    carrier: 'object',
    network: String(network),
    accepted: [acceptedObject('three of four', ratified(valid))],
    rejected: [
      ...malformedMaps(ratified(valid), { required: 'amendment' }),
      ...NOT_OBJECTS,
      tooLong(ratification.maxBytes),
      wrong('no signatures', 'bad-field', map(withValue(entriesOf(ratified(valid)), 'signatures', list([])))),
      wrong(
        'a signature of 63 bytes',
        'bad-field',
        map(
          withValue(
            entriesOf(ratified(valid)),
            'signatures',
            list([encodeCanonical({ author: m0.publicKey, signature: new Uint8Array(63) })]),
          ),
        ),
      ),
    ].map(rejected),
    judged: RATIFIED.map(judgedRatification),
  })
}
