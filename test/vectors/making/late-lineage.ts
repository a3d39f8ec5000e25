import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { lineageFields, type TestRound } from '../../support/protocols/lineage.ts'
import { contributionBy, listBy, precommitsBy } from '../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeLineageIn, type LineageSituation } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { freezeKind, stated } from './file.ts'

/**
 * Round 6. Rounds 1, 2, 3 and 5 had inputs, 4 was empty: what was trained from the bases of rounds 4 and 3 is one round
 * late, from that of 2 two, from that of 1 three; this network takes two.
 */
const net = testNetwork({
  round: { maxStaleness: 2, historyRounds: 8, keepRounds: 8, maxContributions: 4 },
})
const baseOf = (round: number) => (round === 0 ? net.genesis.base : testCid(`base of round ${round}`))
const weightsOf = (round: number) => testCid(`weights of round ${round === 4 ? 3 : round}`, 'file')
const ancestor = (round: number) => {
  return { round, base: baseOf(round), weights: weightsOf(round), isEmpty: round === 4 }
}
const round: TestRound = {
  net,
  round: 6,
  base: baseOf(5),
  baseWeights: weightsOf(5),
  recent: [testCid('fused in round 5', 'file')],
  older: [4, 3, 2, 1, 0].map(ancestor),
}

const from = (name: string, parent: number, overrides: Parameters<typeof contributionBy>[2] = {}) =>
  contributionBy(testKey(`author ${name}`), net, { round: parent + 1, parent: baseOf(parent), ...overrides })
const fresh = from('fresh', 5)
const one = from('one', 4)
const two = from('two', 2)
const three = from('three', 1)
const both = from('both', 5)
const bothLate = from('both', 4, { checkpoint: testCid('the late one of both', 'file') })
const idle = from('idle', 4, { checkpoint: weightsOf(4) })
const misnumbered = from('misnumbered', 3, { round: 5 })
const all = [fresh, one, two, three, both, bothLate, idle, misnumbered]
const lists = net.members.slice(0, 3).map((member) => listBy(member, net, all, { round: 6, parent: baseOf(5) }))
const certificate = certify(
  precommitsBy(net.members, { network: net.network, round: 5, view: 0, base: baseOf(5) }),
  3,
)
const fields = lineageFields(round, lists, all, {
  parentCertificate: certificate,
  weights: testCid('fused weights', 'file'),
})
const [input] = fields.inputs
const late = fields.excluded.find(({ envelope }) => envelope === three.envelope)
if (!input || !late || fields.inputs.length !== 4) throw new Error('four inputs')

const situation: LineageSituation = {
  genesis: toHex(net.bytes),
  round: round.round,
  base: String(round.base),
  baseWeights: String(round.baseWeights),
  recent: (round.recent ?? []).map(String),
  older: [4, 3, 2, 1, 0].map(ancestor).map((each) => ({ ...each, base: String(each.base), weights: String(each.weights) })),
}
const strict = testNetwork({ round: { maxStaleness: 1, historyRounds: 8, keepRounds: 8, maxContributions: 4 } })

type Judged = readonly [name: string, fields: Omit<Lineage, 'kind'>, reason: string | null, view?: LineageSituation]
const JUDGED: readonly Judged[] = [
  ['late inputs of one and two rounds beside others', fields, null],
  [
    '6.9 one that is three rounds late as an input',
    { ...fields, inputs: [...fields.inputs, three.envelope], excluded: fields.excluded.filter((each) => each !== late) },
    'lineage-other-inputs',
  ],
  [
    '6.9 an author’s late one instead of the other',
    {
      ...fields,
      inputs: fields.inputs.map((envelope) => (envelope === both.envelope ? bothLate.envelope : envelope)),
      excluded: fields.excluded.map((each) =>
        each.envelope === bothLate.envelope ? { ...each, envelope: both.envelope } : each,
      ),
    },
    'lineage-other-inputs',
  ],
  [
    '6.9 too late, with the reason of another step',
    { ...fields, excluded: fields.excluded.map((each) => (each === late ? { ...each, reason: 'lottery' as const } : each)) },
    'lineage-other-exclusions',
  ],
  ['in a network that takes fewer', fields, 'lineage-wrong-network', { ...situation, genesis: toHex(strict.bytes) }],
]

export function makeLateLineage(): void {
  freezeKind('lineage/late.v1.json', {
    kind: lineage.kind,
    carrier: 'object',
    accepted: [],
    rejected: [],
    judged: JUDGED.map(judged),
  })
}

function judged([name, made, reason, view = situation]: Judged): Vector {
  const bytes = lineage.encode(made)
  const said = stated(judgeLineageIn(bytes, view))
  const expected = reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason }
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view, hex: toHex(bytes) }
}
