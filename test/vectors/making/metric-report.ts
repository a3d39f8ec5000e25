import { metricReport } from '../../../protocols/report/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { entriesOf, head, map, text } from '../../support/protocols/cbor.ts'
import { metricReportBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeReportIn, type ReportSituation } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedEnvelope, freezeKind, rejected, stated, wrong } from './file.ts'
import { withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const key = testKey('contributor')
const plain = metricReportBy(key, net)
const by = (overrides: Parameters<typeof metricReportBy>[2]) => metricReportBy(key, net, overrides)
const field = (name: string, value: Uint8Array) =>
  signPayload(null, map(withValue(entriesOf(plain.payload), name, value)), key).envelope
const task = { ...plain.message.task, labels: 0 }

const situation: ReportSituation = {
  bases: [String(net.genesis.base)],
  known: [],
  heldSeq: null,
  byAuthor: 0,
  ofBase: 0,
}

type Judged = readonly [name: string, signed: Signed<unknown>, view: Partial<ReportSituation>, Partial<Vector>]
const reject = (reason: string) => ({ verdict: 'reject', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const

const JUDGED: readonly Judged[] = [
  ['a report by correlations', plain, {}, ACCEPTED],
  ['10.2 two seeds at both ends of what a correlation can be', by({ standardError: 1_000_000_000 }), {}, ACCEPTED],
  ['10.1 seeds that descend', by({ seeds: [2, 1] }), {}, reject('unsorted-seeds')],
  ['10.2 an error of one seed', by({ seeds: [1] }), {}, reject('impossible-error')],
  ['10.6 one as new is held', by({ seq: 3 }), { heldSeq: 3 }, { verdict: 'ignore', reason: 'not-newer' }],
]

export function makeMetricReport(): void {
  const envelopes = malformedEnvelopes({
    valid: plain,
    key,
    declaration: metricReport,
    fields: { uint: 'seq', cid: 'base', bytes: 'plan', text: 'engine', required: 'value' },
    topicMaxBytes: metricReport.maxBytes,
    otherKind: by({ seq: 9 }),
    otherNetwork: sign(metricReport, { ...plain.message, network: OTHER_NETWORK }, key),
  }).filter(({ name }) => name !== 'another topic’s kind')
  freezeKind('report/metric-report.v1.json', {
    kind: metricReport.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [
      acceptedEnvelope('by correlations, of numbers', by({ task })),
      acceptedEnvelope('by F1 of several labels', by({ metric: 'micro-f1' })),
      acceptedEnvelope('by Matthews correlation, of no worth', by({ metric: 'matthews', value: 0 })),
    ],
    rejected: [
      wrong('another topic’s kind', 'unknown-kind', field('kind', text('contribution/1'))),
      wrong('accuracy, which report/1 is for', 'bad-field', field('metric', text('accuracy'))),
      wrong('an error as metric', 'bad-field', field('metric', text('mean-squared-error'))),
      wrong('a value above 1', 'bad-field', field('value', head('uint', 1_000_000_001))),
      wrong('a value below 0', 'bad-field', field('value', head('negative', 0))),
      wrong('an error above 1', 'bad-field', field('standardError', head('uint', 1_000_000_001))),
      wrong('labels below 0', 'bad-field', field('task', encodeCanonical({ ...task, labels: -1 }))),
      ...envelopes,
    ].map(rejected),
    judged: JUDGED.map(([name, signed, overrides, expected]) => {
      const view = { ...situation, ...overrides }
      const said = stated(judgeReportIn(signed.envelope, net.network, view))
      if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
      return { name, ...said, view, hex: toHex(signed.envelope) }
    }),
  })
}
