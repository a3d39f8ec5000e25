import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { amendment, approval, ratification } from '../../../protocols/membership/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import { amendmentOf, approvalsBy, ratifiedBy } from '../../support/protocols/amendments.ts'
import { entriesOf, map } from '../../support/protocols/cbor.ts'
import { lineageFields, type TestRound } from '../../support/protocols/lineage.ts'
import { contributionBy, listBy, precommitsBy } from '../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import {
  type AmendmentSituation,
  judgeApprovalIn,
  judgeLineageIn,
  judgeRatificationIn,
  type LineageSituation,
} from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'
import { withValue } from './malformed.ts'

/** Round 5 of a network that keeps five bases; rounds 1 to 4 had inputs, and the base of round 4 is bad. */
const net = testNetwork({ round: { maxStaleness: 2, historyRounds: 5, keepRounds: 5 } })
const baseOf = (round: number) => (round === 0 ? net.genesis.base : testCid(`base of round ${round}`))
const weightsOf = (round: number) => testCid(`weights of round ${round}`, 'file')
const inputOf = (round: number) => testCid(`input of round ${round}`, 'file')
const older = (round: number) => ({
  ...{ round, base: baseOf(round), weights: weightsOf(round), inputs: [inputOf(round)], isEmpty: false },
})
const atFive: TestRound = {
  ...{ net, round: 5, base: baseOf(4), baseWeights: weightsOf(4), recent: [inputOf(4)] },
  older: [3, 2, 1, 0].map(older),
}
/** Round 6, after round 5 went back to the base of round 2. */
const atSix: TestRound = {
  ...{ net, round: 6, base: baseOf(5), baseWeights: weightsOf(2), recent: [], rolledBackTo: baseOf(2) },
  older: [4, 3, 2, 1].map(older),
}

const back = (base = baseOf(2)) => ({ rollback: { base } })
const quorum = net.members.slice(0, 3)
const by = (base = baseOf(2)) => ratifiedBy(quorum, net, back(base))
const certificateOf = (round: number) =>
  certify(precommitsBy(net.members, { network: net.network, round, view: 0, base: baseOf(round) }), 3)

const offered = contributionBy(testKey('author'), net, { round: 5, parent: baseOf(4) })
const listsFor = (round: number, listed: Parameters<typeof listBy>[2]) =>
  quorum.map((member) => listBy(member, net, listed, { round, parent: baseOf(round - 1) }))
const bare = { inputs: [], excluded: [], weights: weightsOf(2), amendment: by() }
const parentCertificate = certificateOf(4)
const lists = listsFor(5, [offered])
const ordinary = lineageFields(atFive, lists, [offered], { parentCertificate, weights: testCid('fused', 'file') })
const rolled = { ...ordinary, ...bare }

/** What a contributor says again after the rollback, and what it said before. */
const again = (name: string, checkpoint = inputOf(4)) =>
  contributionBy(testKey(name), net, { round: 6, parent: baseOf(5), checkpoint })
const before = (name: string, parent: number) =>
  contributionBy(testKey(name), net, { round: parent + 1, parent: baseOf(parent) })
const after = [
  ...[again('reverted input'), again('input in force', inputOf(2)), again('reverted weights', weightsOf(4))],
  ...[before('of round 5', 4), before('of round 3', 2)],
]
const six = lineageFields(atSix, listsFor(6, after), after, {
  parentCertificate: certificateOf(5),
  weights: testCid('fused again', 'file'),
})
const reasons = six.excluded.map(({ reason }) => reason).sort()
if (six.inputs.length !== 1 || String(reasons) !== 'parent,parent,replay,replay') throw new Error(String(reasons))

function situationOf({ round, base, baseWeights, recent = [], older = [], rolledBackTo }: TestRound): LineageSituation {
  return {
    ...{ genesis: toHex(net.bytes), round, base: String(base), baseWeights: String(baseWeights) },
    recent: recent.map(String),
    older: older.map((each) => ({
      ...{ round: each.round, base: String(each.base), weights: String(each.weights), isEmpty: each.isEmpty },
      inputs: (each.inputs ?? []).map(String),
    })),
    ...(rolledBackTo === undefined ? {} : { rolledBackTo: String(rolledBackTo) }),
  }
}

const [input] = six.inputs
const replayed = six.excluded.find(({ reason }) => reason === 'replay')
if (!input || !replayed) throw new Error('one of each')
const inIdOrder = (envelopes: readonly Uint8Array[]) =>
  after.map(({ id, envelope }) => ({ id, envelope })).filter(({ envelope }) => envelopes.includes(envelope))
    .sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes)).map(({ envelope }) => envelope)

type Judged = readonly [name: string, fields: Omit<Lineage, 'kind'>, reason: string | null, at?: TestRound]
const JUDGED: readonly Judged[] = [
  ['back to the base of round 2, whatever the lists name', rolled, null],
  ['back to the genesis’ base', { ...rolled, weights: weightsOf(0), amendment: by(baseOf(0)) }, null],
  ['6.12 the round’s inputs beside it', { ...ordinary, amendment: by() }, 'lineage-rollback-with-contributions'],
  ['6.12 the round’s own weights', { ...rolled, weights: weightsOf(4) }, 'lineage-rollback-other-weights'],
  ['6.12 weights of another earlier base', { ...rolled, weights: weightsOf(3) }, 'lineage-rollback-other-weights'],
  ['6.2 back to the round’s own base', { ...rolled, weights: weightsOf(4), amendment: by(baseOf(4)) }, 'amendment-no-earlier-base'],
  ['6.2 back to what is no base', { ...rolled, amendment: by(testCid('elsewhere')) }, 'amendment-no-earlier-base'],
  ['6.2 by too few', { ...rolled, amendment: ratifiedBy(quorum.slice(0, 2), net, back()) }, 'ratification-no-quorum'],
  ['6.4 no amendment', { ...ordinary, inputs: [], excluded: [], weights: weightsOf(2) }, 'lineage-empty-changes-weights'],
  ['6.6 too few lists', { ...rolled, lists: rolled.lists.slice(0, 2) }, 'lineage-no-quorum-of-lists'],
  ['the round after: a reverted input again, and nothing from before', six, null, atSix],
  ['6.2 back to a base that is too old by now', { ...six, ...bare, weights: weightsOf(0), amendment: by(baseOf(0)) }, 'amendment-no-earlier-base', atSix],
  ['forward again, to a reverted base', { ...six, ...bare, weights: weightsOf(4), amendment: by(baseOf(4)) }, null, atSix],
  ['6.2 back to a base with the same weights', { ...six, ...bare }, 'amendment-no-earlier-base', atSix],
  [
    '6.9 what was reverted as an input, and what was not left out',
    { ...six, inputs: inIdOrder([input, replayed.envelope]), excluded: six.excluded.filter((each) => each !== replayed) },
    'lineage-other-inputs',
    atSix,
  ],
]

function judged([name, fields, reason, at = atFive]: Judged): Vector {
  const bytes = lineage.encode(fields)
  const view = situationOf(at)
  return { name, ...checked(name, stated(judgeLineageIn(bytes, view)), reason, 'reject'), view, hex: toHex(bytes) }
}

function checked(name: string, said: ReturnType<typeof stated>, reason: string | null, verdict: 'reject' | 'ignore') {
  const expected = reason === null ? { verdict: 'accept' } : { verdict, reason }
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return said
}

const situation: AmendmentSituation = {
  ...{ genesis: toHex(net.bytes), last: null, known: [], byAuthor: 0 },
  earlier: [0, 1, 2, 3].map((round) => String(baseOf(round))),
}
const valid = amendmentOf(net, back())
const both = amendmentOf(net, { ...back(), quorum: 'crash' })
const tooOld = amendmentOf(net, back(testCid('elsewhere')))
const AMENDMENTS = [
  ['to an earlier base', valid, null, 'ignore'],
  ['8.11 and another quorum', both, 'amendment-rollback-not-alone', 'reject'],
  ['8.12 to a base that is not known', tooOld, 'amendment-no-earlier-base', 'ignore'],
] as const

export function makeRollback(): void {
  freezeKind('lineage/rollback.v1.json', {
    ...{ kind: lineage.kind, carrier: 'object', accepted: [], rejected: [] },
    judged: JUDGED.map(judged),
  })
  const rollback = (value: Uint8Array) => map(withValue(entriesOf(valid), 'change', map([['rollback', value]])))
  freezeKind('membership/rollback.v1.json', {
    ...{ kind: amendment.kind, carrier: 'object' },
    accepted: [acceptedObject('to an earlier base', valid), acceptedObject('beside another change', both)],
    rejected: [
      wrong('no base', 'missing-field', rollback(encodeCanonical({}))),
      wrong('a base that is a message', 'bad-field', rollback(encodeCanonical({ base: testCid('x', 'message') }))),
      wrong('more than a base', 'unknown-field', rollback(encodeCanonical({ base: baseOf(2), round: 2 }))),
    ].map(rejected),
  })
  freezeKind('membership/rollback-approval.v1.json', {
    ...{ kind: approval.kind, carrier: 'envelope', network: String(net.network), accepted: [], rejected: [] },
    judged: AMENDMENTS.map(([name, bytes, reason, verdict]) => {
      const [signed] = approvalsBy(net.members.slice(0, 1), net, bytes)
      if (!signed) throw new Error('one member, one approval')
      const said = stated(judgeApprovalIn(signed.envelope, net.network, situation))
      return { name, ...checked(name, said, reason, verdict), view: situation, hex: toHex(signed.envelope) }
    }),
  })
  freezeKind('membership/rollback-ratification.v1.json', {
    ...{ kind: ratification.kind, carrier: 'object', network: String(net.network), accepted: [], rejected: [] },
    judged: [[by(), null], [by(testCid('elsewhere')), 'amendment-no-earlier-base'] as const].map(([bytes, reason], i) => {
      const name = i === 0 ? 'to an earlier base' : '8.9 to a base that is not known'
      if (!(bytes instanceof Uint8Array)) throw new Error('bytes')
      const said = checked(name, stated(judgeRatificationIn(bytes, situation)), typeof reason === 'string' ? reason : null, 'reject')
      return { name, ...said, view: situation, hex: toHex(bytes) }
    }),
  })
}
