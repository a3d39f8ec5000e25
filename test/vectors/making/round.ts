import {
  inclusionList,
  type Precommit,
  type Prevote,
  type Proposal,
  precommit,
  prevote,
  proposal,
} from '../../../protocols/round/messages.ts'
import { compareCids, toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import { aggregatorOf, rankCommittee, roundSeed } from '../../../protocols/wire/election.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { entriesOf, head, list, map } from '../../support/protocols/cbor.ts'
import { listBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, type TestKey, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { judgeRoundMessageIn, type RoundSituation } from '../../support/protocols/situations.ts'
import type { Vector, VectorFile } from '../../support/protocols/vectors.ts'
import { makeCertificate } from './certificate.ts'
import { acceptedEnvelope, freezeKind, rejected, stated, type Wrong, wrong } from './file.ts'
import { withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK, type SignedCase } from './signed.ts'

const net = testNetwork()
const { network } = net
const keys = net.members.map(({ publicKey }) => publicKey)
const rank = rankCommittee(keys, roundSeed(network, 1))

/** The member whose turn it is. */
function aggregator(view: number): TestKey {
  const found = net.members.find(({ publicKey }) => publicKey === aggregatorOf(rank, view))
  if (!found) throw new Error('a member')
  return found
}

const key = aggregator(0)
const other = aggregator(1)
const base = testCid('next base')
const ids = ['a', 'b', 'c'].map((name) => testCid(name, 'message')).sort(compareCids)
const [a, b, c] = ids
if (!a || !b || !c) throw new Error('three ids')

const proposalFields = { network, round: 1, view: 0, validView: null, lineage: testCid('lineage', 'raw'), base }
const propose = (overrides: Partial<Proposal> = {}, by = key) => sign(proposal, { ...proposalFields, ...overrides }, by)
const voteFields = { network, round: 1, view: 0, base }
const vote = (overrides: Partial<Prevote> = {}, by = key) => sign(prevote, { ...voteFields, ...overrides }, by)
const commit = (overrides: Partial<Precommit> = {}, by = key) => sign(precommit, { ...voteFields, ...overrides }, by)
const listed = (overrides: Parameters<typeof listBy>[3] = {}, by = key) =>
  listBy(by, net, [], { contributions: ids, ...overrides })

const situation: RoundSituation = {
  round: 1,
  view: 0,
  base: String(net.genesis.base),
  maxContributions: 2,
  members: keys.map(toHex),
  known: [],
  held: null,
}

type Judged = readonly [string, Signed<unknown>, Partial<RoundSituation>, Partial<Vector>]
const reject = (reason: string) => ({ verdict: 'reject', reason }) as const
const ignore = (reason: string) => ({ verdict: 'ignore', reason }) as const
const ACCEPTED = { verdict: 'accept' } as const
const stranger = testKey('stranger')

const five = Array.from({ length: 5 }, (_, i) => testCid(`id ${i}`, 'message')).sort(compareCids)
const heldList = { seq: 1, contributions: [a, b].map(String) }

const LISTS: readonly Judged[] = [
  ['a first list', listed(), {}, ACCEPTED],
  ['a higher seq that adds', listed({ seq: 2 }), { held: heldList }, ACCEPTED],
  ['4.1 by nobody', listed({}, stranger), {}, reject('not-a-member')],
  ['4.2 known', listed(), { known: [String(listed().id)] }, ignore('known')],
  ['4.2 a past round', listed(), { round: 2 }, ignore('past-round')],
  ['4.2 a future round', listed({ round: 2 }), {}, ignore('future-round')],
  ['4.3 ids out of order', listed({ contributions: [b, a] }), {}, reject('unsorted-list')],
  ['4.3 an id twice', listed({ contributions: [a, a] }), {}, reject('unsorted-list')],
  ['4.3 five where four are allowed', listed({ contributions: five }), {}, reject('too-many-listed')],
  ['4.3 five of a future round', listed({ contributions: five, round: 2 }), {}, reject('too-many-listed')],
  ['4.6 another base', listed({ parent: base }), {}, reject('wrong-parent')],
  ['4.7 the same seq', listed({ seq: 1 }), { held: heldList }, ignore('older-list')],
  ['4.7 a lower seq', listed({ seq: 0 }), { held: heldList }, ignore('older-list')],
  [
    '4.8 a higher seq that drops',
    listed({ seq: 2, contributions: [a, c] }),
    { held: heldList },
    reject('dropped-entry'),
  ],
]

const PROPOSALS: readonly Judged[] = [
  ['by the aggregator', propose(), {}, ACCEPTED],
  ['the next view, by its aggregator', propose({ view: 1 }, other), {}, ACCEPTED],
  ['what was valid before, again', propose({ view: 4, validView: 2 }), { view: 4 }, ACCEPTED],
  ['4.1 by nobody', propose({}, stranger), {}, reject('not-a-member')],
  ['4.2 known', propose(), { known: [String(propose().id)] }, ignore('known')],
  ['4.2 a past round', propose(), { round: 2 }, ignore('past-round')],
  ['4.2 a future round, by anyone of the committee', propose({ round: 2 }, other), {}, ignore('future-round')],
  ['4.4 valid in its own view', propose({ view: 4, validView: 4 }), {}, reject('valid-view-not-earlier')],
  ['4.4 valid in a later view', propose({ validView: 1 }), {}, reject('valid-view-not-earlier')],
  ['4.5 not the view’s aggregator', propose({}, other), {}, reject('not-the-aggregator')],
  ['4.9 a view 1,001 ahead', propose({ view: 1001 }, aggregator(1001)), {}, ignore('far-view')],
]

const votes = (cast: typeof vote): readonly Judged[] => [
  ['for a base', cast(), {}, ACCEPTED],
  ['for nothing', cast({ base: null }), {}, ACCEPTED],
  ['a view 1,000 ahead', cast({ view: 1000 }), {}, ACCEPTED],
  ['4.1 by nobody', cast({}, stranger), {}, reject('not-a-member')],
  ['4.2 known', cast(), { known: [String(cast().id)] }, ignore('known')],
  ['4.2 a past round', cast(), { round: 2 }, ignore('past-round')],
  ['4.2 a future round', cast({ round: 2 }), {}, ignore('future-round')],
  ['4.9 a view 1,001 ahead', cast({ view: 1001 }), {}, ignore('far-view')],
]

function judged([name, signed, overrides, expected]: Judged): Vector {
  const view = { ...situation, ...overrides }
  const said = stated(judgeRoundMessageIn(signed.envelope, network, view))
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view, hex: toHex(signed.envelope) }
}

const TOPIC_BYTES = inclusionList.maxBytes

function make(
  kind: string,
  accepted: readonly (readonly [string, Signed<unknown>])[],
  others: (field: (name: string, value: Uint8Array) => Uint8Array) => readonly Wrong[],
  signedCase: Omit<SignedCase, 'key' | 'topicMaxBytes' | 'valid'>,
  judgedHere: readonly Judged[],
): void {
  const [[, valid] = []] = accepted
  if (!valid) throw new Error('a valid message')
  const field = (name: string, value: Uint8Array) =>
    signPayload(null, map(withValue(entriesOf(valid.payload), name, value)), key).envelope
  const malformed = malformedEnvelopes({ ...signedCase, valid, key, topicMaxBytes: TOPIC_BYTES })
  const file: VectorFile = {
    kind,
    carrier: 'envelope',
    network: String(network),
    accepted: accepted.map(([name, signed]) => acceptedEnvelope(name, signed)),
    rejected: [...others(field), ...malformed].map(rejected),
    judged: judgedHere.map(judged),
  }
  freezeKind(`round/${kind.replace('/', '.v')}.json`, file)
}

const voteFieldsWrong = (field: (name: string, value: Uint8Array) => Uint8Array) => [
  wrong('round 0', 'bad-field', field('round', head('uint', 0))),
  wrong('a view beyond its limit', 'bad-field', field('view', head('uint', 1_000_001))),
  wrong('a base that is a message', 'bad-field', field('base', encodeCanonical(a))),
]

export function makeRound(): void {
  make(
    inclusionList.kind,
    [
      ['three contributions', listed()],
      ['nothing', listed({ contributions: [] })],
      ['the last seq', listed({ seq: 7 })],
      [
        '128 contributions',
        listed({ contributions: Array.from({ length: 128 }, (_, i) => testCid(`${i}`, 'message')).sort(compareCids) }),
      ],
    ],
    (field) => [
      wrong('a ninth list', 'bad-field', field('seq', head('uint', 8))),
      wrong(
        '129 contributions',
        'bad-field',
        field('contributions', list(Array.from({ length: 129 }, () => encodeCanonical(a)))),
      ),
      wrong('a listed file', 'bad-field', field('contributions', list([encodeCanonical(testCid('x', 'raw'))]))),
    ],
    {
      declaration: inclusionList,
      fields: { uint: 'round', cid: 'parent', bytes: 'author', required: 'contributions' },
      otherKind: vote(),
      otherNetwork: listed({ network: OTHER_NETWORK }),
    },
    LISTS,
  )
  make(
    proposal.kind,
    [
      ['a fresh base', propose()],
      ['a base that was valid before', propose({ view: 4, validView: 2 })],
    ],
    (field) => [
      ...voteFieldsWrong(field),
      wrong('a valid view of -1', 'bad-field', field('validView', Uint8Array.of(0x20))),
      wrong('a lineage of several blocks', 'bad-field', field('lineage', encodeCanonical(testCid('x')))),
      wrong('no base', 'bad-field', field('base', Uint8Array.of(0xf6))),
    ],
    {
      declaration: proposal,
      fields: { uint: 'view', cid: 'base', bytes: 'author', required: 'lineage' },
      otherKind: vote(),
      otherNetwork: propose({ network: OTHER_NETWORK }),
    },
    PROPOSALS,
  )
  make(
    prevote.kind,
    [
      ['for a base', vote()],
      ['for nothing', vote({ base: null })],
    ],
    voteFieldsWrong,
    {
      declaration: prevote,
      fields: { uint: 'view', cid: 'base', bytes: 'author', required: 'round' },
      otherKind: commit(),
      otherNetwork: vote({ network: OTHER_NETWORK }),
    },
    votes(vote),
  )
  make(
    precommit.kind,
    [
      ['for a base', commit()],
      ['for nothing', commit({ base: null })],
    ],
    voteFieldsWrong,
    {
      declaration: precommit,
      fields: { uint: 'view', cid: 'base', bytes: 'author', required: 'round' },
      otherKind: vote(),
      otherNetwork: commit({ network: OTHER_NETWORK }),
    },
    votes((overrides = {}, by) => commit(withoutKind(overrides), by) as never),
  )
  makeCertificate()
}

function withoutKind({ kind: _, ...fields }: Partial<Prevote>): Partial<Omit<Precommit, 'kind'>> {
  return fields
}
