import { base32 } from 'multiformats/bases/base32'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { formatInvite, parseInvite } from '../../../protocols/membership/invite.ts'
import { invite2, voucher } from '../../../protocols/membership/messages.ts'
import { joinBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import { encodeEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { byteString, entriesOf, head, inKeyOrder, map, text } from '../../support/protocols/cbor.ts'
import { contributionBy, voucherBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeContributionIn, judgeVoucherIn } from '../../support/protocols/situations.ts'
import { acceptedEnvelope, acceptedObject, freeze, freezeKind, rejected, stated, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const net = testNetwork({ contributors: 'vouched' })
const [member, otherMember] = net.members
if (!member || !otherMember) throw new Error('members')
const key = testKey('contributor')
const stranger = testKey('stranger')
const plain = voucherBy(member, net, key)
const reject = (reason: string) => ({ verdict: 'reject', reason }) as const
const ignore = (reason: string) => ({ verdict: 'ignore', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const
const members = net.members.map(({ publicKey }) => toHex(publicKey))

type Range = { readonly from?: number; readonly until?: number }
const vouched = (range: Range = {}, by = member, whom = key) => voucherBy(by, net, whom, range)
const elsewhere = sign(voucher, { ...plain.message, network: OTHER_NETWORK }, member)
const forged = encodeEnvelope(plain.payload, vouched({ until: 11 }).signature)
const LAST = Number.MAX_SAFE_INTEGER

const VOUCHERS: readonly (readonly [string, Uint8Array, number, ReturnType<typeof stated>])[] = [
  ['in its first round', plain.envelope, 1, ACCEPTED],
  ['in its last round', plain.envelope, 10, ACCEPTED],
  ['for one round alone', vouched({ from: 3, until: 3 }).envelope, 3, ACCEPTED],
  ['for 10,000 rounds', vouched({ until: 10_000 }).envelope, 10_000, ACCEPTED],
  ['8.21 a signature of another voucher', forged, 1, reject('voucher-bad-signature')],
  ['8.21 of another network', elsewhere.envelope, 1, reject('voucher-wrong-network')],
  ['8.21 a contribution in its place', contributionBy(key, net).envelope, 1, reject('voucher-too-long')],
  ['8.21 no bytes', new Uint8Array(), 1, reject('voucher-not-cbor')],
  ['8.22 the last round before the first', vouched({ from: 5, until: 4 }).envelope, 5, reject('voucher-bad-range')],
  ['8.22 for ever', vouched({ until: LAST }).envelope, 1, reject('voucher-bad-range')],
  ['8.22 for 10,001 rounds', vouched({ until: 10_001 }).envelope, 1, reject('voucher-bad-range')],
  ['8.23 somebody else’s', vouched({}, member, stranger).envelope, 1, reject('voucher-for-another')],
  ['8.24 a round too early', vouched({ from: 2 }).envelope, 1, reject('voucher-not-yet')],
  ['8.24 a round too late', plain.envelope, 11, reject('voucher-expired')],
  ['8.25 made by its user', vouched({}, key).envelope, 1, reject('voucher-not-by-a-member')],
  ['8.25 by a stranger', vouched({}, stranger).envelope, 1, reject('voucher-not-by-a-member')],
]

const at = (round: number) => ({
  round,
  base: String(testCid('base')),
  bytes: net.genesis.bytes,
  contributors: 'vouched' as const,
  members,
  admissible: [{ parent: String(testCid('base')), round }],
  baseWeights: String(testCid('base weights', 'file')),
  known: [],
  byAuthor: 0,
})
const by = (overrides: Parameters<typeof contributionBy>[2], author = key) =>
  contributionBy(author, net, { parent: testCid('base'), ...overrides })
/** Round 1 ended empty, so that what was made for it may still count in round 2. */
const secondRound = { ...at(2), admissible: [{ parent: String(testCid('base')), round: 1 }] }
const removed = { ...at(1), members: members.slice(1) }
const listed = { ...at(1), contributors: [toHex(key.publicKey)] }
const first = vouched({ until: 1 }).envelope

const CONTRIBUTIONS: readonly (readonly [string, Signed<unknown>, ReturnType<typeof at> | typeof listed, Verdict])[] = [
  ['with a voucher', by({ voucher: plain.envelope }), at(1), ACCEPTED],
  ['by a member without any', by({}, otherMember), at(1), ACCEPTED],
  ['by a member that another vouches for', by({ voucher: vouched({}, member, otherMember).envelope }, otherMember), at(1), ACCEPTED],
  ['of an earlier round, by a voucher for both', by({ voucher: plain.envelope }), secondRound, ACCEPTED],
  ['3.2 no voucher', by({}), at(1), reject('no-voucher')],
  ['3.3 a voucher in a network of listed keys', by({ voucher: plain.envelope }), listed, reject('unsupported-voucher')],
  ['3.3 somebody else’s voucher', by({ voucher: vouched({}, member, stranger).envelope }), at(1), reject('voucher-for-another')],
  ['3.3 an expired voucher', by({ voucher: first, round: 2 }), at(2), reject('voucher-expired')],
  ['3.3 a voucher by a stranger', by({ voucher: vouched({}, stranger).envelope }), at(1), reject('voucher-not-by-a-member')],
  ['3.3 a voucher by a member that was removed', by({ voucher: plain.envelope }), removed, reject('voucher-not-by-a-member')],
  ['3.3 a member with a voucher that does not hold', by({ voucher: plain.envelope }, otherMember), at(1), reject('voucher-for-another')],
  ['3.3 bytes that are no voucher', by({ voucher: new Uint8Array(8) }), at(1), reject('voucher-not-cbor')],
  ['3.5 no voucher, for a later round', by({ round: 2 }), at(1), ignore('future-round')],
  ['3.10 a voucher that held in its own round only', by({ voucher: first }), secondRound, ignore('voucher-expired')],
  ['3.10 no voucher, for an earlier round', by({}), secondRound, ignore('no-voucher')],
]

const invited = { network: net.network, addresses: ['/ip4/192.0.2.1/tcp/4001'], voucher: plain.envelope }
const validInvite = invite2.encode(invited)
const inviteField = (name: string, value: Uint8Array) => map(withValue(entriesOf(validInvite), name, value))
const spell = (bytes: Uint8Array) => `coldmesh1${base32.baseEncode(joinBytes([bytes, sha256(bytes).subarray(0, 4)]))}`

const WRONG_SPELLINGS: readonly (readonly [name: string, text: string, reason: string])[] = [
  ['a voucher under the first version', spell(inviteField('kind', text('invite/1'))), 'bad-field'],
  ['a voucher under a later version', spell(inviteField('kind', text('invite/3'))), 'bad-field'],
  ['a voucher that is text', spell(inviteField('voucher', text('voucher'))), 'bad-field'],
  ['a voucher of null', spell(inviteField('voucher', Uint8Array.of(0xf6))), 'bad-field'],
  ['a voucher beyond its limit', spell(inviteField('voucher', byteString(new Uint8Array(513)))), 'bad-field'],
]

export function makeVoucher(): void {
  const field = (name: string, value: Uint8Array) =>
    signPayload(null, map(withValue(entriesOf(plain.payload), name, value)), member ?? key).envelope
  freezeKind('membership/voucher.v1.json', {
    kind: voucher.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [acceptedEnvelope('ten rounds', plain), acceptedEnvelope('one round', vouched({ from: 7, until: 7 }))],
    rejected: [
      wrong('from round 0', 'bad-field', field('from', head('uint', 0))),
      wrong('until round 0', 'bad-field', field('until', head('uint', 0))),
      ...malformedEnvelopes({
        valid: plain,
        key: member ?? key,
        declaration: voucher,
        fields: { uint: 'from', cid: 'network', bytes: 'contributor', required: 'until' },
        topicMaxBytes: voucher.maxBytes,
        otherKind: contributionBy(member ?? key, net),
        otherNetwork: elsewhere,
      }).filter(({ name }) => name !== 'network: identity'),
    ].map(rejected),
    judged: VOUCHERS.map(([name, envelope, round, expected]) => {
      const view = { round, contributor: toHex(key.publicKey), members }
      check(name, judgeVoucherIn(envelope, net.network, view), expected)
      return { name, ...expected, view, hex: toHex(envelope) }
    }),
  })
  freezeKind('contribution/vouched.v1.json', {
    kind: contribution.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [acceptedEnvelope('every optional field', by({ voucher: plain.envelope, head: testCid('head', 'raw') }))],
    rejected: [],
    judged: CONTRIBUTIONS.map(([name, signed, view, expected]) => {
      check(name, judgeContributionIn(signed.envelope, net.network, view), expected)
      return { name, ...stated(expected), view, hex: toHex(signed.envelope) }
    }),
  })
  freezeKind('membership/invite.v2.json', {
    kind: invite2.kind,
    carrier: 'object',
    accepted: [acceptedObject('a voucher', validInvite)],
    rejected: [
      ...malformedMaps(validInvite, { cid: 'network', required: 'voucher' }),
      ...NOT_OBJECTS,
      tooLong(invite2.maxBytes),
      wrong('another kind', 'bad-field', inviteField('kind', text('invite/1'))),
      wrong('an unknown field', 'unknown-field', map(inKeyOrder([...entriesOf(validInvite), ['until', head('uint', 1)]]))),
    ].map(rejected),
  })
  for (const [name, spelling, reason] of WRONG_SPELLINGS) check(name, reasonOf(spelling), reject(reason))
  freeze('membership/invite-text.v2.json', {
    network: String(net.network),
    accepted: [
      { name: 'a voucher', text: formatInvite(invited), addresses: invited.addresses, voucher: toHex(plain.envelope) },
    ],
    rejected: WRONG_SPELLINGS.map(([name, spelling, reason]) => ({ name, text: spelling, reason })),
  })
}

function check(name: string, said: Verdict, expected: Verdict): void {
  if (JSON.stringify(stated(said)) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
}

function reasonOf(spelling: string): Verdict {
  try {
    parseInvite(spelling)
    return ACCEPTED
  } catch (error) {
    if (error instanceof MalformedError) return reject(error.reason)
    throw error
  }
}
