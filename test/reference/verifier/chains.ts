import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { encodeLayout, type Layout } from '../../../src/checkpoint/layout.ts'
import { parseRule } from '../../../src/fusion/rule-text.ts'
import { addRound, startChain, type TestChain, threeRounds } from '../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../support/history/checkpoints.ts'
import { checkpointOf, ratifiedNext } from '../../support/history/rollbacks.ts'
import { amendmentOf, ratifiedBy } from '../../support/protocols/amendments.ts'
import { voucherBy } from '../../support/protocols/messages.ts'
import { testKey, testKeys } from '../../support/protocols/network.ts'
import { rollbackChains } from './rollback-chains.ts'

/** Good histories: what both verifiers must find valid. Each name says what is in it. */

/** Two leaves of all three float types; tensors cross the leaves, and blocks of 65,536 elements end within tensors. */
export const MIXED_LAYOUT: Layout = encodeLayout(
  [
    { name: 'positions', dtype: 'I64', shape: [9] },
    { name: 'a.weight', dtype: 'F32', shape: [300, 301] },
    { name: 'b.weight', dtype: 'BF16', shape: [500, 641] },
    { name: 'c.weight', dtype: 'F16', shape: [400, 257] },
    { name: 'mask', dtype: 'BOOL', shape: [7] },
  ],
  { format: 'pt' },
)

/** A few tensors of each type in one small leaf. */
const SMALL_MIXED: Layout = encodeLayout([
  { name: 'a.weight', dtype: 'F32', shape: [33] },
  { name: 'b.weight', dtype: 'BF16', shape: [35] },
  { name: 'c.weight', dtype: 'F16', shape: [37] },
])

export const RULES = [
  'mean/1',
  'mean/1,step=0.5',
  'weighted-mean/1,maxRows=70',
  'clipped-mean/1',
  'clipped-mean/1,step=0.25',
  'trimmed-mean/1,trim=1',
  'median/1',
  'median/1,step=0.5',
  'ties/1,density=0.2',
  'ties/1,density=0.2,scale=0.3,step=0.5',
]

type Policy = Partial<Genesis['round']>
type Card = Pick<Genesis, 'card'>
const LATE: Policy = { minContributions: 3, maxContributions: 8, maxStaleness: 2, historyRounds: 8, keepRounds: 8 }
const rows = (count: number) => ({ name: 'reviews', task: 'sentiment', rows: count, commitment: new Uint8Array(32) })

/** Three rounds, the second empty, the third with a late input. */
export async function ofRule(rule: string, card: Card, layout: Layout = SMALL_MIXED): Promise<TestChain> {
  const start = await startChain('rules', { ...card, fusion: parseRule(rule), round: LATE }, layout)
  const one = await addRound(start, { seeds: [1, 20, 3], dataset: rows(50) })
  const two = await addRound(one, { seeds: [] })
  return await addRound(two, { seeds: [4, 5], late: [{ seed: 6, parent: 0 }], dataset: rows(90) })
}

/** Contributions left out for every reason there is. */
async function leftOut(card: Card): Promise<TestChain> {
  const policy: Policy = { minContributions: 1, maxContributions: 2, maxStaleness: 1, historyRounds: 3, keepRounds: 3 }
  const one = await addRound(await startChain('left out', { ...card, round: policy }, SMALL_LAYOUT), { seeds: [1, 2] })
  const two = await addRound(await addRound(one, { seeds: [3, 4] }), { seeds: [5, 6] })
  const late = [
    { seed: 7, parent: 0 },
    { seed: 8, parent: 2 },
    { seed: 8, parent: 3 },
  ]
  const four = await addRound(two, { seeds: [9], late })
  return await addRound(four, { seeds: [10, 11, 12], late: [{ seed: 5, parent: 3 }] })
}

/** Lists that differ: what more members list comes first, so an original gives way to its copy; a lottery among the rest. */
async function listedDifferently(): Promise<TestChain> {
  const policy: Policy = { minContributions: 1, maxContributions: 4 }
  let chain = await startChain('listed differently', { round: policy }, SMALL_LAYOUT)
  for (const from of [1, 11, 21]) {
    chain = await addRound(chain, {
      isCrowded: true,
      seeds: seeds(6, from),
      // the first, whose copy all list, by two; the last by one alone, which is not enough
      listed: (offered, member) => offered.filter((_, i) => (i === 0 ? member > 0 : i !== 5 || member === 2)),
    })
  }
  return chain
}

async function amended(card: Card): Promise<TestChain> {
  const start = await startChain('amended', card, SMALL_LAYOUT)
  const [first] = start.net.members
  if (first === undefined) throw new Error('a committee has members')
  const [newcomer] = testKeys(1, 'newcomer')
  if (newcomer === undefined) throw new Error('one was asked for')
  const change = {
    remove: [first.publicKey],
    add: [{ name: 'newcomer', key: newcomer.publicKey }],
    round: { minContributions: 3, maxViews: 2 },
    fusion: { rule: 'median/1', params: { step: 500_000_000 } },
  }
  const one = await addRound(start, { amendment: ratifiedBy(start.net.members.slice(0, 3), start.net, change) })
  const members = [...start.net.members.slice(1), newcomer]
  const known = { ...one, net: { ...one.net, members } }
  const two = await addRound(known, { seeds: [4, 5] })
  const previous = idOf(amendmentOf(start.net, change))
  const crash = ratifiedBy(members.slice(0, 3), start.net, { quorum: 'crash', contributors: 'vouched' }, previous)
  const three = await addRound(two, { seeds: [6, 7, 8], amendment: crash })
  const voucherFor = (key: ReturnType<typeof testKey>) => voucherBy(newcomer, start.net, key).envelope
  const four = await addRound(three, { seeds: [] })
  return await addRound(four, { seeds: [9, 10, 11], voucherFor })
}

async function vouched(card: Card): Promise<TestChain> {
  const start = await startChain('vouched', { ...card, contributors: 'vouched' }, SMALL_LAYOUT)
  const [member] = start.net.members
  if (member === undefined) throw new Error('a committee has members')
  return await addRound(start, {
    voucherFor: (key, round) => voucherBy(member, start.net, key, { from: round, until: round }).envelope,
  })
}

/** `historyRounds` changes from round 6 on; what was in a base before is offered again in each round around that. */
async function ofHistory(before: number, after: number): Promise<TestChain> {
  const round: Policy = { minContributions: 1, historyRounds: before, keepRounds: 8, maxStaleness: 0 }
  let chain = await startChain('history', { round }, SMALL_LAYOUT)
  for (let number = 1; number <= 8; number++) {
    const again: CID[] = []
    for (let seed = 1; seed < number; seed++) again.push(await checkpointOf(chain, seed))
    const amendment = number === 4 ? { amendment: ratifiedNext(chain, { round: { historyRounds: after } }) } : {}
    chain = await addRound(chain, { seeds: [number], again, ...amendment })
  }
  return chain
}

const seeds = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i)
const small = (name: string, fields: Parameters<typeof startChain>[1] = {}) => startChain(name, fields, SMALL_LAYOUT)

/** What a card tells, with each version of it. */
const toldBy = (card: Card): Readonly<Record<string, () => Promise<TestChain>>> => ({
  ...Object.fromEntries(RULES.map((rule) => [`rule ${rule}`, () => ofRule(rule, card)])),
  'left out for every reason': () => leftOut(card),
  'amended: members, policy, rule, quorum, contributors': () => amended(card),
  'amended to what is so already': async () => {
    const start = await small('amended to the same', card)
    return await addRound(start, {
      amendment: ratifiedBy(start.net.members.slice(0, 3), start.net, { quorum: 'byzantine' }),
    })
  },
  vouched: () => vouched(card),
  'empty rounds': async () => {
    const one = await addRound(await addRound(await small('empty', card), { seeds: [] }), { seeds: [] })
    return await addRound(await addRound(one, {}), { seeds: [], view: 9 })
  },
  'a network with a hostile name': async () =>
    await addRound(await small('# <b>né|漢字 мир</b> [x](y) ```', card), {
      dataset: { ...rows(1), name: '| x |, {{ & ü }}', task: 'a'.repeat(64), license: 'CC-BY-4.0' },
    }),
  ...rollbackChains(card),
})

const OTHERS: Readonly<Record<string, () => Promise<TestChain>>> = {
  'round 0 alone': () => small('alone'),
  'three rounds, two leaves': threeRounds,
  'two rounds, tiny': async () =>
    await addRound(await addRound(await small('tiny'), { seeds: [1, 2] }), { seeds: [3, 4] }),
  ...Object.fromEntries(
    ['mean/1', 'clipped-mean/1', 'ties/1,density=0.2'].map((rule) => [
      `rule ${rule}, two leaves of all types`,
      () => ofRule(rule, { card: 'card/1' }, MIXED_LAYOUT),
    ]),
  ),
  'lists that differ': listedDifferently,
  'listed contributors': async () => {
    const keys = seeds(3).map((seed) => testKey(`contributor ${seed}`).publicKey)
    return await addRound(await small('listed', { contributors: keys }), {})
  },
  'crash quorum of two': async () => await addRound(await small('crash', { quorum: 'crash', members: 2 }), {}),
  'one member': async () => await addRound(await small('one member', { members: 1 }), {}),
  'one input': async () => await addRound(await small('one input', { round: { minContributions: 1 } }), { seeds: [1] }),
  '64 inputs': async () =>
    await addRound(await small('64 inputs', { round: { maxContributions: 64 } }), { seeds: seeds(64) }),
  'a history that is amended to be longer': () => ofHistory(2, 8),
  'a history that is amended to be shorter': () => ofHistory(8, 2),
}

export const CHAINS: Readonly<Record<string, () => Promise<TestChain>>> = {
  ...OTHERS,
  ...toldBy({ card: 'card/1' }),
  ...Object.fromEntries(Object.entries(toldBy({ card: 'card/3' })).map(([name, build]) => [`${name}, card/3`, build])),
}
