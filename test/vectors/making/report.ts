import { MAX_SEEDS, report } from '../../../protocols/report/messages.ts'
import { MAX_PER_AUTHOR_AND_BASE, MAX_PER_BASE } from '../../../protocols/report/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { byteString, entriesOf, head, list, map, text } from '../../support/protocols/cbor.ts'
import { reportBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeReportIn, type ReportSituation } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedEnvelope, freezeKind, rejected, stated, type Wrong, wrong } from './file.ts'
import { WRONG_TEXTS, WRONG_UINTS, withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const key = testKey('contributor')
const plain = reportBy(key, net)
const by = (overrides: Parameters<typeof reportBy>[2]) => reportBy(key, net, overrides)
const field = (name: string, value: Uint8Array) =>
  signPayload(null, map(withValue(entriesOf(plain.payload), name, value)), key).envelope

function ofTask(name: string, value: Uint8Array): Uint8Array {
  return field('task', map(withValue(entriesOf(encodeCanonical(plain.message.task)), name, value)))
}

const uints = (count: number) => list(Array.from({ length: count }, (_, index) => head('uint', index)))

const TOO_MUCH: readonly Wrong[] = [
  wrong('an accuracy above 1', 'bad-field', field('value', head('uint', 1_000_000_001))),
  wrong('an error above 1', 'bad-field', field('standardError', head('uint', 1_000_000_001))),
  wrong('a mode that is not there', 'bad-field', field('mode', text('linear-probe'))),
  wrong('a metric that is not there', 'bad-field', field('metric', text('loss'))),
  wrong('no seeds', 'bad-field', field('seeds', list([]))),
  wrong('more seeds than fit', 'bad-field', field('seeds', uints(MAX_SEEDS + 1))),
  wrong('a seq beyond its limit', 'bad-field', field('seq', head('uint', 256))),
  wrong('a task of one label', 'bad-field', ofTask('labels', head('uint', 1))),
  wrong('no rows', 'bad-field', ofTask('rows', head('uint', 0))),
  wrong('no test rows', 'bad-field', ofTask('testRows', head('uint', 0))),
  wrong('a digest of 31 bytes', 'bad-field', field('plan', byteString(new Uint8Array(31)))),
  wrong('a base that is a file', 'bad-field', field('base', encodeCanonical(testCid('x', 'raw')))),
]

const next = testCid('base of round 1')
const situation: ReportSituation = {
  bases: [String(net.genesis.base), String(next)],
  known: [],
  heldSeq: null,
  byAuthor: 0,
  ofBase: 0,
}

type Judged = readonly [name: string, signed: Signed<unknown>, view: Partial<ReportSituation>, Partial<Vector>]
const reject = (reason: string) => ({ verdict: 'reject', reason }) as const
const ignore = (reason: string) => ({ verdict: 'ignore', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const
const full = { byAuthor: MAX_PER_AUTHOR_AND_BASE, ofBase: MAX_PER_BASE }

const JUDGED: readonly Judged[] = [
  ['a report about the genesis’ base', plain, {}, ACCEPTED],
  ['a report about a later base', by({ base: next, round: 1 }), {}, ACCEPTED],
  ['of one seed', by({ seeds: [7], standardError: 0 }), {}, ACCEPTED],
  ['a newer one in place of an older, though no more would fit', by({ seq: 1 }), { ...full, heldSeq: 0 }, ACCEPTED],
  ['10.1 seeds that descend', by({ seeds: [2, 1] }), {}, reject('unsorted-seeds')],
  ['10.1 a seed twice', by({ seeds: [2, 2] }), {}, reject('unsorted-seeds')],
  ['10.2 an error of one seed', by({ seeds: [1] }), {}, reject('impossible-error')],
  ['10.2 an error above a half', by({ standardError: 500_000_001 }), {}, reject('impossible-error')],
  ['10.3 known', plain, { known: [String(plain.id)] }, ignore('known')],
  ['10.4 a base that nobody certified', by({ base: testCid('elsewhere') }), {}, ignore('unknown-base')],
  ['10.5 another round', by({ base: next, round: 2 }), {}, reject('wrong-round')],
  ['10.6 one as new is held', by({ seq: 3 }), { heldSeq: 3 }, ignore('not-newer')],
  ['10.7 one too many by the author', plain, { byAuthor: MAX_PER_AUTHOR_AND_BASE }, ignore('author-limit')],
  ['10.8 one too many about the base', plain, { ofBase: MAX_PER_BASE }, ignore('base-limit')],
]

export function makeReport(): void {
  const envelopes = malformedEnvelopes({
    valid: plain,
    key,
    declaration: report,
    fields: { uint: 'seq', cid: 'base', bytes: 'plan', text: 'engine', required: 'value' },
    topicMaxBytes: report.maxBytes,
    otherKind: by({ seq: 9 }),
    otherNetwork: sign(report, { ...plain.message, network: OTHER_NETWORK }, key),
  }).filter(({ name }) => name !== 'another topic’s kind')
  freezeKind('report/report.v1.json', {
    kind: report.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [
      acceptedEnvelope('about the genesis’ base', plain),
      acceptedEnvelope('of as many seeds as fit', by({ seeds: Array.from({ length: MAX_SEEDS }, (_, seed) => seed) })),
      acceptedEnvelope('with 100 labels', by({ mode: 'few-shot', task: { ...plain.message.task, name: '評論 reviews' } })),
    ],
    rejected: [
      wrong('another topic’s kind', 'unknown-kind', field('kind', text('contribution/1'))),
      ...TOO_MUCH,
      ...WRONG_TEXTS.map(([name, reason, value]) => wrong(`task.name: ${name}`, reason, ofTask('name', value))),
      ...WRONG_UINTS.slice(0, 8).map(([name, reason, value]) =>
        wrong(`value: ${name}`, reason, field('value', value)),
      ),
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
