import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope } from '../../../protocols/wire/envelope.ts'
import { byteString, entriesOf, head, inKeyOrder, list, map, text } from '../../support/protocols/cbor.ts'
import { ratifiedBy } from '../../support/protocols/amendments.ts'
import { lineageFields } from '../../support/protocols/lineage.ts'
import { listBy } from '../../support/protocols/messages.ts'
import { testCid, testKey } from '../../support/protocols/network.ts'
import { judgeLineageIn, type LineageSituation } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedObject, freezeKind, rejected, stated, type Wrong, wrong } from './file.ts'
import { crowdedRound, first, second, weights } from './lineage-rounds.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'
import { malleated, OTHER_NETWORK } from './signed.ts'

const { members, net, a, b, copy, once, lists, certificate, round } = second
const [m0, m1, m2, m3] = members
const joining = { add: [{ name: 'newcomer', key: testKey('newcomer').publicKey }] }
const [listA, listB] = lists
const fields = lineageFields(round, lists, [a, b, copy, once], { parentCertificate: certificate, weights })
const valid = lineage.encode(fields)
const [input] = fields.inputs
const [excluded] = fields.excluded
if (!input || !excluded || fields.inputs.length !== 2 || fields.excluded.length !== 1) throw new Error('two and one')

const withFields = (overrides: Partial<Omit<Lineage, 'kind'>>) => lineage.encode({ ...fields, ...overrides })
/** What an aggregator would write for other lists of the same round. */
const from = (...quoted: Parameters<typeof lineageFields>[1]) =>
  lineage.encode(lineageFields(round, quoted, [a, b, copy, once], { parentCertificate: certificate, weights }))
const ofRound2 = { round: 2, parent: round.base }
const listed = (key: typeof m0, ids: Parameters<typeof listBy>[2], overrides: Parameters<typeof listBy>[3] = {}) =>
  listBy(key, net, ids, { ...ofRound2, ...overrides })

const onceList = listed(m2, [a, b, copy, once])
const empty = { ...fields, inputs: [], excluded: [], weights: round.baseWeights }
const twice = listed(m2, [], { contributions: [copy.id, copy.id] })
const many = listed(m2, [], { contributions: Array.from({ length: 9 }, (_, i) => testCid(`${i}`, 'message')) })
const strangersList = listed(testKey('stranger'), [a, b])
const badlySigned = (envelope: Uint8Array) => {
  const { payload, signature } = [a, b, ...lists].find((signed) => signed.envelope === envelope) ?? a
  return encodeEnvelope(payload, malleated(signature))
}

const situation: LineageSituation = {
  genesis: toHex(net.bytes),
  round: round.round,
  base: String(round.base),
  baseWeights: String(round.baseWeights),
  recent: (round.recent ?? []).map(String),
}
const of = (other: typeof first.round | typeof crowdedRound.round, bytes: Uint8Array): LineageSituation => ({
  genesis: toHex(bytes),
  round: other.round,
  base: String(other.base),
  baseWeights: String(other.baseWeights),
  recent: (other.recent ?? []).map(String),
})

const firstLineage = lineage.encode(lineageFields(first.round, first.lists, [first.a], { weights }))
const crowded = crowdedRound.fields
const crowdedLineage = lineage.encode(crowded)

type Judged = readonly [name: string, bytes: Uint8Array, reason: string | null, view?: LineageSituation]
const r = (name: string, reason: string, overrides: Partial<Omit<Lineage, 'kind'>>): Judged => [
  name,
  withFields(overrides),
  reason,
]

const JUDGED: readonly Judged[] = [
  ['two inputs, a copy excluded, one listed too seldom', valid, null],
  ['the first round, one input', firstLineage, null, of(first.round, first.net.bytes)],
  ['every reason of exclusion', crowdedLineage, null, of(crowdedRound.round, crowdedRound.net.bytes)],
  ['an empty round', lineage.encode(empty), null],
  ['other lists, other inputs', from(listA, listB, onceList), null],
  r('6.1 another network', 'lineage-wrong-network', { network: OTHER_NETWORK }),
  r('6.1 another round', 'lineage-wrong-round', { round: 3 }),
  r('6.1 another parent', 'lineage-wrong-parent', { parent: testCid('elsewhere') }),
  ['a member joins', withFields({ amendment: ratifiedBy([m0, m1, m2], net, joining) }), null],
  r('6.2 an amendment that is none', 'ratification-not-cbor', { amendment: new Uint8Array(8).fill(255) }),
  r('6.2 an amendment by too few', 'ratification-no-quorum', { amendment: ratifiedBy([m0, m1], net, joining) }),
  r('6.2 an amendment that follows another', 'amendment-out-of-order', {
    amendment: ratifiedBy([m0, m1, m2], net, joining, testCid('earlier', 'message')),
  }),
  r('6.3 no parent certificate', 'lineage-parent-certificate', { parentCertificate: null }),
  [
    '6.3 a parent certificate in round 1',
    lineage.encode({ ...lineage.decode(firstLineage), parentCertificate: certificate }),
    'lineage-parent-certificate',
    of(first.round, first.net.bytes),
  ],
  r('6.3 a parent certificate of another base', 'certificate-wrong-base', {
    parentCertificate: second.otherBases,
  }),
  r('6.3 a parent certificate of another round', 'certificate-wrong-round', {
    parentCertificate: second.otherRounds,
  }),
  r('6.3 a parent certificate of too few', 'certificate-no-quorum', { parentCertificate: second.tooFew }),
  r('6.3 a parent certificate that is none', 'certificate-not-cbor', {
    parentCertificate: new Uint8Array(3).fill(255),
  }),
  ['6.4 an empty round with other weights', lineage.encode({ ...empty, weights }), 'lineage-empty-changes-weights'],
  r('6.5 another rule', 'lineage-other-fusion', { fusion: { rule: 'median/1', params: {} } }),
  r('6.5 parameters', 'lineage-other-fusion', { fusion: { rule: 'mean/1', params: { eta: 1 } } }),
  r('6.5 factors', 'lineage-unexpected-factors', { fusion: { rule: 'mean/1', params: {}, factors: [1, 1] } }),
  r('6.5 norms', 'lineage-unexpected-factors', { fusion: { rule: 'mean/1', params: {}, norms: [] } }),
  r('6.6 two lists', 'lineage-no-quorum-of-lists', { lists: fields.lists.slice(0, 2) }),
  ['6.6 four lists', from(...lists, listed(m3, [a])), 'lineage-no-quorum-of-lists'],
  r('6.6 a member twice', 'lineage-listers-not-distinct', {
    lists: [...fields.lists.slice(0, 2), ...fields.lists.slice(1, 2)],
  }),
  r('6.6 not in the order of authors', 'lineage-listers-not-distinct', { lists: fields.lists.toReversed() }),
  ['6.6 a stranger’s list', from(listA, listB, strangersList), 'lister-not-a-member'],
  [
    '6.6 a list of another round',
    from(listA, listB, listed(m2, [a, b, copy], { round: 1 })),
    'lineage-list-of-another-round',
  ],
  [
    '6.6 a list for another parent',
    from(listA, listB, listed(m2, [a, b, copy], { parent: testCid('elsewhere') })),
    'lineage-list-of-another-round',
  ],
  r('6.6 a list with a bad signature', 'bad-signature', { lists: fields.lists.map(badlySigned) }),
  r('6.6 a contribution as list', 'unknown-kind', { lists: [a.envelope, ...fields.lists.slice(1)] }),
  ['6.7 a list that names one twice', from(listA, listB, twice), 'lineage-bad-list'],
  ['6.7 a list of nine where eight are allowed', from(listA, listB, many), 'lineage-bad-list'],
  r('6.8 an input left out', 'lineage-not-listed', { inputs: [input] }),
  r('6.8 an input twice', 'lineage-not-listed', { inputs: [input, input, ...fields.inputs.slice(1)] }),
  r('6.8 an exclusion left out', 'lineage-not-listed', { excluded: [] }),
  r('6.8 one that too few listed', 'lineage-not-listed', { inputs: [...fields.inputs, once.envelope] }),
  r('6.8 one that too few listed in place of another', 'lineage-not-listed', { inputs: [input, once.envelope] }),
  r('6.9 the copy instead of the original', 'lineage-other-inputs', {
    inputs: [...fields.inputs.slice(1), excluded.envelope],
    excluded: [{ envelope: input, reason: 'copy' }],
  }),
  r('6.9 an input excluded', 'lineage-other-inputs', {
    inputs: [input],
    excluded: [...fields.excluded, { envelope: fields.inputs[1] ?? input, reason: 'lottery' }],
  }),
  r('6.9 inputs not in the order of ids', 'lineage-other-inputs', { inputs: fields.inputs.toReversed() }),
  r('6.9 another reason', 'lineage-other-exclusions', { excluded: [{ ...excluded, reason: 'author' }] }),
  [
    '6.9 exclusions not in the order of ids',
    lineage.encode({ ...crowded, excluded: crowded.excluded.toReversed() }),
    'lineage-other-exclusions',
    of(crowdedRound.round, crowdedRound.net.bytes),
  ],
  [
    '6.10 one input where two are needed',
    from(listed(m0, [a]), listed(m1, [a]), listed(m2, [a])),
    'lineage-too-few-inputs',
  ],
  [
    '6.10 only exclusions',
    lineage.encode({
      ...lineageFields(
        round,
        [listed(m0, [second.stale]), listed(m1, [second.stale]), listed(m2, [second.stale])],
        [second.stale],
      ),
      parentCertificate: certificate,
    }),
    'lineage-too-few-inputs',
  ],
  r('3.1 an input of another size', 'wrong-size', { inputs: [second.otherSize.envelope] }),
  r('3.3 an input with a voucher', 'unsupported-voucher', { inputs: [second.vouched.envelope] }),
  r('an input with a bad signature', 'bad-signature', { inputs: fields.inputs.map(badlySigned) }),
  r('a list as input', 'unknown-kind', { inputs: [listA.envelope] }),
  ['not a lineage', a.payload, 'lineage-unknown-field'],
]

const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(valid), name, value))
const entry = { envelope: input, reason: 'copy' }

const WRONG_FIELDS: readonly Wrong[] = [
  wrong('another kind', 'bad-field', field('kind', text('lineage/2'))),
  wrong('round 0', 'bad-field', field('round', head('uint', 0))),
  wrong('an unknown reason', 'bad-field', field('excluded', list([encodeCanonical({ ...entry, reason: 'taste' })]))),
  wrong('a reason too many', 'unknown-field', field('excluded', list([encodeCanonical({ ...entry, note: 'x' })]))),
  wrong(
    '65 inputs',
    'bad-field',
    field('inputs', list(Array.from({ length: 65 }, () => byteString(new Uint8Array())))),
  ),
  wrong('65 lists', 'bad-field', field('lists', list(Array.from({ length: 65 }, () => byteString(new Uint8Array()))))),
  wrong('an input beyond its limit', 'bad-field', field('inputs', list([byteString(new Uint8Array(2145))]))),
  wrong(
    'a parameter with a long name',
    'bad-field',
    field('fusion', encodeCanonical({ rule: 'mean/1', params: { ['a'.repeat(33)]: 1 } })),
  ),
  wrong(
    'a parameter of a half',
    'bad-field',
    field('fusion', encodeCanonical({ rule: 'mean/1', params: { eta: 0.5 } })),
  ),
  wrong(
    'a norm of 4 bytes',
    'bad-field',
    field('fusion', encodeCanonical({ rule: 'mean/1', params: {}, norms: [new Uint8Array(4)] })),
  ),
  wrong(
    'an amendment of null',
    'bad-field',
    map(inKeyOrder([...entriesOf(valid), ['amendment', Uint8Array.of(0xf6)]])),
  ),
  wrong('weights that are a message', 'bad-field', field('weights', encodeCanonical(testCid('x', 'message')))),
]

export function makeLineage(): void {
  freezeKind('lineage/lineage.v1.json', {
    kind: lineage.kind,
    carrier: 'object',
    accepted: [acceptedObject('two inputs', valid), acceptedObject('an empty round', lineage.encode(empty))],
    rejected: [
      ...WRONG_FIELDS,
      ...malformedMaps(lineage.encode(empty), { uint: 'round', cid: 'parent', required: 'lists' }),
      ...NOT_OBJECTS,
      tooLong(lineage.maxBytes),
    ].map(rejected),
    judged: JUDGED.map(judged),
  })
}

function judged([name, bytes, reason, view = situation]: Judged): Vector {
  const said = stated(judgeLineageIn(bytes, view))
  const expected = reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason }
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view, hex: toHex(bytes) }
}
