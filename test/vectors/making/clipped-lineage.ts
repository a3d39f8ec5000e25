import { clipFactors, encodeNorm } from '../../../protocols/lineage/clipping.ts'
import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { lineageFields, type TestRound } from '../../support/protocols/lineage.ts'
import { contributionBy, listBy, precommitsBy } from '../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeLineageIn, type LineageSituation } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { freezeKind, stated } from './file.ts'

/** Squared norms of four inputs: the third is the lower median, the fourth did not move. */
const NORMS = [0.25, 1, 0.1, 0]
const net = testNetwork({ fusion: { rule: 'clipped-mean/1', params: {} } })
const base = testCid('base of round 1')
const round: TestRound = { net, round: 2, base, baseWeights: testCid('weights of round 1', 'file') }
const offers = NORMS.map((_, i) => contributionBy(testKey(`author ${i}`), net, { round: 2, parent: base }))
const lists = net.members.slice(0, 3).map((member) => listBy(member, net, offers, { round: 2, parent: base }))
const votes = precommitsBy(net.members, { network: net.network, round: 1, view: 0, base })
const norms = NORMS.map(encodeNorm)
const factors = [...clipFactors(NORMS)]
const { rule, params } = net.genesis.fusion
const fusion = { rule, params, factors, norms }
const fields = lineageFields(round, lists, offers, {
  ...{ parentCertificate: certify(votes, 3), weights: testCid('fused weights', 'file'), fusion },
})
if (fields.inputs.length !== NORMS.length) throw new Error('four inputs')

const situation: LineageSituation = {
  ...{ genesis: toHex(net.bytes), round: round.round, base: String(base) },
  ...{ baseWeights: String(round.baseWeights), recent: [] },
}
const plain = testNetwork()
const withNorm = (norm: number) => ({ ...fusion, norms: [encodeNorm(norm), ...norms.slice(1)] })
const empty = { ...fields, inputs: [], excluded: [], weights: round.baseWeights }

type Judged = readonly [name: string, fields: Omit<Lineage, 'kind'>, reason: string | null]
const JUDGED: readonly Judged[] = [
  ['four inputs', fields, null],
  ['an empty round has neither', { ...empty, fusion: { rule, params } }, null],
  ['6.5 an empty round with both', { ...empty, fusion: { ...fusion, factors: [], norms: [] } }, 'lineage-unexpected-factors'],
  ['6.5 another rule', { ...fields, fusion: plain.genesis.fusion }, 'lineage-other-fusion'],
  ['6.11 neither', { ...fields, fusion: { rule, params } }, 'lineage-bad-norms'],
  ['6.11 no norms', { ...fields, fusion: { rule, params, factors } }, 'lineage-bad-norms'],
  ['6.11 a norm too few', { ...fields, fusion: { ...fusion, norms: norms.slice(1) } }, 'lineage-bad-norms'],
  ['6.11 a negative norm', { ...fields, fusion: withNorm(-1) }, 'lineage-bad-norms'],
  ['6.11 -0 as norm', { ...fields, fusion: withNorm(-0) }, 'lineage-bad-norms'],
  ['6.11 infinity as norm', { ...fields, fusion: withNorm(Number.POSITIVE_INFINITY) }, 'lineage-bad-norms'],
  ['6.11 NaN as norm', { ...fields, fusion: withNorm(Number.NaN) }, 'lineage-bad-norms'],
  ['6.11 no factors', { ...fields, fusion: { rule, params, norms } }, 'lineage-other-factors'],
  ['6.11 a factor too few', { ...fields, fusion: { ...fusion, factors: factors.slice(1) } }, 'lineage-other-factors'],
  [
    '6.11 a factor that is one higher',
    { ...fields, fusion: { ...fusion, factors: factors.map((factor, i) => (i === 1 ? factor + 1 : factor)) } },
    'lineage-other-factors',
  ],
  [
    '6.11 a factor that is one lower',
    { ...fields, fusion: { ...fusion, factors: factors.map((factor, i) => (i === 1 ? factor - 1 : factor)) } },
    'lineage-other-factors',
  ],
  ['6.11 another norm', { ...fields, fusion: withNorm(0.05) }, 'lineage-other-factors'],
]

function judged([name, value, reason]: Judged): Vector {
  const bytes = lineage.encode(value)
  const verdict = judgeLineageIn(bytes, situation)
  const said = verdict.verdict === 'accept' ? null : verdict.reason
  if (said !== reason) throw new Error(`${name}: ${said} instead of ${reason}`)
  return { name, ...stated(verdict), hex: toHex(bytes), view: situation }
}

/** SPEC 6.11: norms and factors of `clipped-mean/1`. */
export function makeClippedLineage(): void {
  freezeKind('lineage/clipped.v1.json', {
    kind: lineage.kind,
    carrier: 'object',
    accepted: [],
    rejected: [],
    judged: JUDGED.map(judged),
  })
}
