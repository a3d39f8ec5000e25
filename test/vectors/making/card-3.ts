import { sha256 } from '../../../protocols/wire/crypto.ts'
import { type Card3Facts, renderCard3 } from '../../../src/checkpoint/card-3.ts'
import { testCid, testKeys } from '../../support/protocols/network.ts'
import { freeze } from './file.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const digestOf = (name: string) => sha256(new TextEncoder().encode(name))
const cid = (name: string) => String(testCid(name))
const HOSTILE = '<script>alert(1)</script> | **b** [x](http://x.y)\n---\u202e\u0000'

const plain: Card3Facts = {
  card: 'card/3',
  network: cid('genesis'),
  networkName: 'reviews',
  round: 7,
  parent: cid('base 6'),
  weights: cid('weights 7'),
  rule: 'mean/1',
  params: [],
  inputs: [1, 2].map((n) => ({
    id: cid(`contribution ${n}`),
    author: hex(digestOf(`author ${n}`)),
    checkpoint: cid(`checkpoint ${n}`),
    datasetName: `reviews-${n}`,
    task: 'sentiment',
    rows: n * 1000,
    license: n === 1 ? 'CC-BY-4.0' : null,
    round: 7,
    parent: cid('base 6'),
    commitment: hex(digestOf(`data ${n}`)),
    clipping: null,
  })),
  excluded: [],
  committee: testKeys(4).map(({ name, publicKey }) => ({ name, key: hex(publicKey) })),
  votes: 3,
  quorum: 'byzantine',
  amendment: null,
}

const hostile = plain.inputs.map((input) => ({ ...input, datasetName: HOSTILE, task: HOSTILE, license: HOSTILE }))

const CASES: readonly (readonly [string, Card3Facts])[] = [
  ['an ordinary round', plain],
  ['an empty round', { ...plain, inputs: [], round: 1 }],
  [
    'clipped, with a late contribution, and one left out',
    {
      ...plain,
      rule: 'clipped-mean/1',
      params: [['step', 500_000_000]],
      inputs: plain.inputs.map((input, at) => ({
        ...input,
        ...(at === 0 ? {} : { round: 5, parent: cid('base 4') }),
        clipping: { norm: at === 0 ? '3ff0000000000000' : '4010000000000000', factor: at === 0 ? 65_536 : 32_768 },
      })),
      excluded: [
        { id: cid('contribution 3'), author: hex(digestOf('author 3')), task: 'topics', reason: 'lottery' },
        { id: cid('contribution 4'), author: hex(digestOf('author 4')), task: HOSTILE, reason: 'no-change' },
      ],
    },
  ],
  ['weighted by rows', { ...plain, rule: 'weighted-mean/1', params: [['maxRows', 1500]] }],
  [
    'two parameters, by name',
    {
      ...plain,
      rule: 'ties/1',
      params: [
        ['scale', 1_000_000_000],
        ['density', 200_000_000],
      ],
    },
  ],
  [
    'an amendment of everything',
    {
      ...plain,
      amendment: {
        id: cid('amendment'),
        add: [{ name: HOSTILE, key: hex(digestOf('new member')) }],
        remove: [hex(digestOf('old member'))],
        quorum: 'crash',
        contributors: [hex(digestOf('author 1')), hex(digestOf('author 2'))],
        round: [
          ['maxViews', 8],
          ['collectMs', 60_000],
        ],
        gate: { maxDrop: 20_000_000 },
        fusion: { rule: 'trimmed-mean/1', params: [['trim', 1]] },
      },
    },
  ],
  ['an amendment of little', { ...plain, amendment: { id: cid('amendment'), contributors: 'vouched', gate: null } }],
  [
    'hostile texts',
    {
      ...plain,
      networkName: HOSTILE,
      inputs: hostile,
      committee: plain.committee.map((member) => ({ ...member, name: HOSTILE })),
    },
  ],
]

/** The facts of a card, and its lines. */
export function makeCard3(): void {
  const cases = CASES.map(([title, facts]) => {
    return { title, facts, card: new TextDecoder().decode(renderCard3(facts)).split('\n') }
  })
  freeze('checkpoint/card.v3.json', { cases })
}
