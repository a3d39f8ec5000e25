import { contribution } from '../../../protocols/contribution/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { byteString, entriesOf, head, inKeyOrder, list, map, text } from '../../support/protocols/cbor.ts'
import { contributionBy, contributionFields } from '../../support/protocols/messages.ts'
import { sign, signPayload, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { type ContributionSituation, judgeContributionIn } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedEnvelope, freezeKind, rejected, stated, type Wrong, wrong } from './file.ts'
import { WRONG_CIDS, WRONG_TEXTS, WRONG_UINTS, withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const key = testKey('contributor')
const plain = contributionBy(key, net)
const fields = contributionFields(net)
const { dataset, metrics } = fields

const full = contributionBy(key, net, {
  round: 12,
  dataset: { ...dataset, name: '評論 reviews', license: 'CC-BY-4.0' },
  metrics: { ...metrics, before: null },
  head: testCid('head', 'raw'),
  providers: ['/ip4/127.0.0.1/tcp/4001', '/dns4/peer.example/tcp/4001'],
})

/** One field inside a nested map replaced by any encoded item. */
function nested(outer: 'dataset' | 'training' | 'metrics', inner: string, value: Uint8Array): Uint8Array {
  const entries = withValue(entriesOf(encodeCanonical(fields[outer])), inner, value)
  return signPayload(null, map(withValue(entriesOf(plain.payload), outer, map(entries))), key).envelope
}

const field = (name: string, value: Uint8Array) =>
  signPayload(null, map(withValue(entriesOf(plain.payload), name, value)), key).envelope
const added = (name: string, value: Uint8Array) =>
  signPayload(null, map(inKeyOrder([...entriesOf(plain.payload), [name, value]])), key).envelope

const TOO_MUCH: readonly Wrong[] = [
  wrong('round 0', 'bad-field', field('round', head('uint', 0))),
  wrong('no rows', 'bad-field', nested('dataset', 'rows', head('uint', 0))),
  wrong('a learning rate above 1', 'bad-field', nested('training', 'learningRate', head('uint', 1_000_000_001))),
  wrong('an accuracy above 1', 'bad-field', nested('metrics', 'after', head('uint', 1_000_000_001))),
  wrong('five providers', 'bad-field', field('providers', list(Array.from({ length: 5 }, () => text('/ip4/1.2.3.4'))))),
  wrong('a parent that is a file', 'bad-field', field('parent', encodeCanonical(testCid('x', 'raw')))),
  wrong('a checkpoint that is a message', 'bad-field', field('checkpoint', encodeCanonical(testCid('x', 'message')))),
  wrong('a head of null', 'bad-field', added('head', Uint8Array.of(0xf6))),
  wrong('a voucher beyond its limit', 'bad-field', added('voucher', byteString(new Uint8Array(513)))),
]

const situation: ContributionSituation = {
  round: 1,
  base: String(net.genesis.base),
  bytes: net.genesis.bytes,
  contributors: 'open',
  admissible: [{ parent: String(net.genesis.base), round: 1 }],
  baseWeights: String(testCid('base weights', 'file')),
  known: [],
  byAuthor: 0,
}

type Judged = readonly [name: string, signed: Signed<unknown>, view: Partial<ContributionSituation>, Partial<Vector>]
const by = (overrides: Parameters<typeof contributionBy>[2]) => contributionBy(key, net, overrides)
const reject = (reason: string) => ({ verdict: 'reject', reason }) as const
const ignore = (reason: string) => ({ verdict: 'ignore', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const
const earlier = testCid('an earlier base')
/** Round 1 ended empty: its base has the weights of the one before. */
const emptySince = [
  { parent: String(testCid('next base')), round: 2 },
  { parent: String(earlier), round: 1 },
]

const JUDGED: readonly Judged[] = [
  ['a contribution to the round', plain, {}, ACCEPTED],
  ['by a listed contributor', plain, { contributors: [toHex(key.publicKey)] }, ACCEPTED],
  ['a second one by the author', plain, { byAuthor: 1 }, ACCEPTED],
  [
    'one from an earlier round whose base had the same weights',
    by({ parent: earlier }),
    { round: 2, base: String(testCid('next base')), admissible: emptySince },
    ACCEPTED,
  ],
  ['3.1 another size', by({ bytes: 1025 }), {}, reject('wrong-size')],
  ['3.2 not listed', plain, { contributors: [toHex(testKey('somebody').publicKey)] }, reject('not-a-contributor')],
  ['3.3 a voucher', by({ voucher: new Uint8Array(8) }), {}, reject('unsupported-voucher')],
  ['3.4 known', plain, { known: [String(plain.id)] }, ignore('known')],
  ['3.5 a future round', by({ round: 2 }), {}, ignore('future-round')],
  ['3.6 another parent', by({ parent: earlier }), {}, reject('wrong-parent')],
  [
    '3.6 the base of an earlier round with the same weights, under this round’s number',
    by({ parent: earlier, round: 2 }),
    { round: 2, base: String(testCid('next base')), admissible: emptySince },
    reject('wrong-parent'),
  ],
  ['3.7 late', plain, { round: 2, base: String(testCid('next base')), admissible: [] }, ignore('past-round')],
  ['3.8 the base itself', by({ checkpoint: testCid('base weights', 'file') }), {}, reject('no-change')],
  ['3.9 a third one by the author', plain, { byAuthor: 2 }, ignore('author-limit')],
  ['terms come before the round', by({ bytes: 1025, round: 9 }), {}, reject('wrong-size')],
]

/** Rounds 1 and 2 had inputs: in round 3 the bases before them have one and two rounds of others' progress ahead. */
const olderWeights = testCid('older weights', 'file')
const LATE: Partial<ContributionSituation> = {
  round: 3,
  base: String(testCid('base of round 3')),
  admissible: [
    { parent: String(testCid('base of round 3')), round: 3 },
    { parent: String(earlier), round: 2, staleness: 1, weights: String(testCid('weights in between', 'file')) },
    { parent: String(net.genesis.base), round: 1, staleness: 2, weights: String(olderWeights) },
  ],
  spent: [String(testCid('fused already', 'file'))],
}
const JUDGED_LATE: readonly Judged[] = [
  ['two rounds late', plain, LATE, ACCEPTED],
  ['one round late', by({ parent: earlier, round: 2 }), LATE, ACCEPTED],
  ['not late', by({ parent: testCid('base of round 3'), round: 3 }), LATE, ACCEPTED],
  ['3.6 an older parent under this round’s number', by({ round: 3 }), LATE, reject('wrong-parent')],
  ['3.7 an older parent under another round’s number', by({ round: 2 }), LATE, ignore('past-round')],
  ['3.8 the weights of its own parent', by({ checkpoint: olderWeights }), LATE, reject('no-change')],
  ['3.11 late, and in a base already', by({ checkpoint: testCid('fused already', 'file') }), LATE, ignore('replay')],
  [
    'not late, and in a base already: left out by the choice of inputs',
    by({ parent: testCid('base of round 3'), round: 3, checkpoint: testCid('fused already', 'file') }),
    LATE,
    ACCEPTED,
  ],
]

export function makeLateContribution(): void {
  freezeKind('contribution/late.v1.json', {
    kind: contribution.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [],
    rejected: [],
    judged: JUDGED_LATE.map(judged),
  })
}

export function makeContribution(): void {
  freezeKind('contribution/contribution.v1.json', {
    kind: contribution.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [
      acceptedEnvelope('no optional field', plain),
      acceptedEnvelope('every optional field but a voucher', full),
    ],
    rejected: [
      ...TOO_MUCH,
      ...WRONG_TEXTS.map(([name, reason, value]) =>
        wrong(`dataset.name: ${name}`, reason, nested('dataset', 'name', value)),
      ),
      ...WRONG_UINTS.slice(0, 8).map(([name, reason, value]) =>
        wrong(`training.steps: ${name}`, reason, nested('training', 'steps', value)),
      ),
      ...WRONG_CIDS.slice(0, 4).map(([name, reason, value]) =>
        wrong(`checkpoint: ${name}`, reason, field('checkpoint', value)),
      ),
      ...malformedEnvelopes({
        valid: plain,
        key,
        declaration: contribution,
        fields: { uint: 'round', cid: 'parent', bytes: 'author', required: 'checkpoint' },
        topicMaxBytes: contribution.maxBytes,
        otherKind: contributionBy(key, net, { round: 2 }),
        otherNetwork: sign(contribution, { ...plain.message, network: OTHER_NETWORK }, key),
      }),
    ].map(rejected),
    judged: JUDGED.map(judged),
  })
}

function judged([name, signed, overrides, expected]: Judged): Vector {
  const view = { ...situation, ...overrides }
  const said = stated(judgeContributionIn(signed.envelope, net.network, view))
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view, hex: toHex(signed.envelope) }
}
