import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { MAX_LINEAGE_BYTES, MAX_LIST_BYTES } from '../../../protocols/wire/limits.ts'
import { collect } from './collect.ts'
import { maxMinRates } from './max-min.ts'
import { messageSizes } from './messages.ts'
import { allLiars, passesChecks } from './security.ts'
import { swarm } from './swarm.ts'
import { bytesRow, timeRow } from './tables.ts'
import { createTransfers, evenLinks } from './transfers.ts'

/** Sums of many rounded steps. */
const near = (actual: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(actual - expected) <= tolerance * expected, `${actual} is not ${expected}`)

const rates = (flows: readonly (readonly [number, number])[], up: readonly number[], down: readonly number[]) => [
  ...maxMinRates(
    flows.map(([from, to]) => ({ from, to })),
    { up: Float64Array.from(up), down: Float64Array.from(down) },
  ).rates,
]

describe('maxMinRates', () => {
  it('gives a transfer alone the slower of its two links', () => {
    assert.deepEqual(rates([[0, 1]], [5, 9], [9, 3]), [3])
    assert.deepEqual(rates([[0, 1]], [2, 9], [9, 3]), [2])
  })

  it('shares one link equally', () => {
    assert.deepEqual(rates([[0, 3], [1, 3], [2, 3]], [9, 9, 9, 9], [9, 9, 9, 6]), [2, 2, 2]) // biome-ignore format: one line a case
  })

  it('gives what one transfer cannot use to the others', () => {
    // The first is held to 1 by its sender; the other two share the 9 that it leaves of the receiver's 10.
    assert.deepEqual(rates([[0, 3], [1, 3], [2, 3]], [1, 9, 9, 9], [9, 9, 9, 10]), [1, 4.5, 4.5]) // biome-ignore format: one line a case
  })

  it('raises no transfer without lowering a smaller one', () => {
    assert.deepEqual(rates([[0, 1], [0, 2], [3, 2]], [4, 9, 9, 9], [1, 9, 6, 9]), [2, 2, 4].map((rate, i) => (i === 2 ? 4 : rate))) // biome-ignore format: one line a case
  })
})

describe('createTransfers', () => {
  it('moves one transfer in size by rate, and goes faster when another ends', () => {
    const transfers = createTransfers(evenLinks(3, 10))
    const endings: number[] = []
    transfers.start(0, 1, 50, () => endings.push(transfers.now))
    transfers.start(0, 2, 100, () => endings.push(transfers.now))
    transfers.run()
    // Both at 5 until 10 s, then the longer at 10.
    assert.deepEqual(endings, [10, 15])
  })
})

describe('collect', () => {
  const whole = { groups: 1, checkedShare: 0, exchange: false, patience: 1000 }

  it('takes a star of n members n uploads of the author', () =>
    near(collect({ ...whole, members: 9, checkpoints: 1 }).time, 9, 1e-3))

  // All members take the same four of the lottery at once: n × c / 4 uploads one after the other.
  it('takes n / 4 uploads for each checkpoint when all fetch in one order', () =>
    near(collect({ ...whole, members: 16, checkpoints: 32 }).time, (16 * 32) / 4, 1e-2))

  it('is held back by nothing but the members’ downlinks when they exchange', () => {
    const { time, bottleneck } = collect({ ...whole, exchange: true, members: 16, checkpoints: 32 })
    near(time, 32, 0.05)
    assert.equal(bottleneck, 'downlink of members')
  })

  it('sends as much as it receives', () => {
    for (const exchange of [true, false]) {
      const found = collect({ ...whole, exchange, members: 7, checkpoints: 20 })
      near(found.memberReceived, 20)
      near(found.authorSent.mean * 20 + found.memberSent * 7, 7 * 20)
    }
  })

  it('moves a share for each group, and what is checked', () =>
    near(collect({ ...whole, members: 8, checkpoints: 10, groups: 2, checkedShare: 0.1 }).memberReceived, 5 + 0.5))
})

describe('swarm', () => {
  it('takes one peer one download', () => near(swarm({ holders: 1, peers: 1, order: 'file' }).time, 1))

  it('takes many peers less than one after the other, and gives each all of it', () => {
    const { time, holderSent, peerSent } = swarm({ holders: 4, peers: 100, order: 'own' })
    assert.ok(time >= 1 && time < 100 / 4, `${time}`)
    near(holderSent * 4 + peerSent.mean * 100, 100)
  })

  it('is slower when all take the parts in one order', () => {
    const [file, own] = (['file', 'own'] as const).map((order) => swarm({ holders: 4, peers: 100, order }).time)
    assert.ok((file ?? 0) > 1.5 * (own ?? 0))
  })
})

describe('the largest messages', () => {
  it('stay within their limits', () => {
    const { list, lineage } = messageSizes({ members: 64, listed: 128, inputs: 64 })
    assert.ok(list <= MAX_LIST_BYTES && lineage <= MAX_LINEAGE_BYTES)
  })
})

describe('shared work', () => {
  it('counts groups of liars as one does by hand', () => {
    near(allLiars(7, 2, 2), 1 / 21)
    assert.equal(allLiars(7, 2, 3), 0)
    near(passesChecks(2, 3, 0.5), 1 / 64)
  })
})

describe('docs/scale.md', () => {
  const page = readFileSync(new URL('../../../docs/scale.md', import.meta.url), 'utf8')
  const crowds = [4, 7].map((members) => ({ contributors: 10, members }))

  it('has the figures of the tool', () => {
    const rows = crowds.flatMap((crowd) => [timeRow(crowd, 20e6), timeRow(crowd, 100e6), bytesRow(crowd)])
    for (const row of rows) assert.ok(page.includes(`| ${row.join(' | ')} |`), row.join(' | '))
  })
})
