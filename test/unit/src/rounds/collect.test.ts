import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedLineage, openLineage } from '../../../../protocols/lineage/rules.ts'
import { compareBytes } from '../../../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../../../protocols/wire/election.ts'
import { MAX_REMEMBERED, UNAVAILABLE } from '../../../../src/rounds/collect.ts'
import { nextHead } from '../../../../src/rounds/head.ts'
import { createRound } from '../../../../src/rounds/reduce.ts'
import { lineageView } from '../../../../src/rounds/views.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const stateOf = (bench: ReturnType<typeof createBench>, { id }: { id: { toString(): string } }) =>
  bench.state.contributions.get(String(id))?.state

// protocol.md 4.1
describe('fetchCheckpoints', () => {
  it('fetches the bytes of a contribution once', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const a = bench.contribute('a')
    bench.hear(a)
    bench.fire('collect')
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 1)
    assert.equal(bench.effectsOf('fetch-checkpoint')[0]?.from, null)
  })

  it('only remembers when it follows without a vote', () => {
    const bench = createBench({ self: null })
    assert.equal(stateOf(bench, bench.contribute('a')), 'announced')
    assert.deepEqual(bench.effectsOf('fetch-checkpoint'), [])
  })

  it('asks each lister in turn while nobody gives the bytes', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const a = bench.contribute('a')
    const fail = () => bench.feed({ type: 'checkpoint', id: a.id, reason: UNAVAILABLE })
    fail()
    bench.list(0, [a])
    fail()
    bench.list(1, [a])
    fail()
    fail()
    const asked = bench.effectsOf('fetch-checkpoint').map(({ from }) => from && Buffer.from(from).toString('hex'))
    const keyOf = (place: number) => Buffer.from(bench.members[place]?.publicKey ?? []).toString('hex')
    assert.deepEqual(asked, [null, keyOf(0), keyOf(1)])
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    assert.equal(stateOf(bench, a), 'held')
  })

  it('never changes its mind about wrong bytes', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const a = bench.contribute('a')
    bench.feed({ type: 'checkpoint', id: a.id, reason: 'not-finite' })
    bench.list(0, [a])
    bench.feed({ type: 'checkpoint', id: a.id, reason: UNAVAILABLE })
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    assert.equal(bench.state.contributions.get(String(a.id))?.reason, 'not-finite')
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 1)
  })

  it('fetches a few at a time what nobody lists, in lottery order', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const all = Array.from({ length: 30 }, (_, i) => bench.contribute(`c${i}`))
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 8)
    const [first] = all
    if (first) bench.feed({ type: 'checkpoint', id: first.id, reason: UNAVAILABLE })
    const seed = roundSeed(bench.facts.id, 1)
    const waiting = all
      .slice(8)
      .sort((a, b) => compareBytes(lotteryTicket(a.message.author, seed), lotteryTicket(b.message.author, seed)))
    assert.equal(String(bench.effectsOf('fetch-checkpoint')[8]?.contribution.id), String(waiting[0]?.id))
  })

  it('stops at what one list can name, but for what others list', () => {
    const bench = createBench({ round: { maxContributions: 2 } })
    for (let i = 0; i < 10; i++) bench.contribute(`c${i}`)
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 4)
    const listed = bench.contribution('listed')
    bench.list(0, [listed])
    bench.hear(listed)
    assert.equal(stateOf(bench, listed), 'held')
  })

  // L6: copies cost their author nothing.
  it('lets copies of one checkpoint use up nothing', () => {
    const bench = createBench({ round: { maxContributions: 2, minContributions: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    for (let i = 0; i < MAX_REMEMBERED; i++) bench.contribute(`copy ${i}`, { checkpoint: a.message.checkpoint })
    const honest = bench.contribute('honest')
    assert.equal(stateOf(bench, honest), 'held')
    bench.fire('collect')
    bench.fire('grace')
    assert.equal(bench.sayings('list/1')[0]?.contributions.length, 2)
  })

  it('fetches what one member lists a few at a time, and what f + 1 list at once', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'], members: 7, round: { maxContributions: 32 } })
    const all = Array.from({ length: 30 }, (_, i) => bench.contribution(`c${i}`))
    bench.list(0, all)
    for (const contribution of all) bench.hear(contribution)
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 8)
    const [, last] = [all[0], all[29]]
    assert.ok(last)
    bench.list(1, [last])
    bench.list(2, [last])
    assert.equal(stateOf(bench, last), 'fetching')
  })

  // L6
  it('fetches what others list at once, whatever else is on its way', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    for (let i = 0; i < 100; i++) bench.contribute(`spam ${i}`)
    const a = bench.contribution('a')
    bench.list(0, [a])
    bench.hear(a)
    assert.equal(stateOf(bench, a), 'fetching')
  })
})

describe('remember', () => {
  it('bounds what spam can make it remember, and keeps the better places in the lottery', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const all = Array.from({ length: MAX_REMEMBERED + 40 }, (_, i) => bench.contribute(`spam ${i}`))
    assert.ok(bench.state.contributions.size <= MAX_REMEMBERED)
    assert.ok(bench.state.known.size <= MAX_REMEMBERED)
    const seed = roundSeed(bench.facts.id, 1)
    const ticket = (i: number) => lotteryTicket(all[i]?.message.author ?? new Uint8Array(), seed)
    const order = all.map((_, i) => i).sort((a, b) => compareBytes(ticket(a), ticket(b)))
    const best = all[order[0] ?? 0]
    assert.ok(best && bench.state.contributions.has(String(best.id)))
    const listed = bench.contribution('listed by a member')
    bench.list(0, [listed])
    bench.hear(listed)
    assert.ok(bench.state.contributions.has(String(listed.id)))
  })

  it('takes a third contribution of one author only when a member lists it', () => {
    const bench = createBench()
    const [one, two, three] = [1, 2, 3].map((n) => bench.contribution('author', { training: trainingWith(bench, n) }))
    assert.ok(one && two && three)
    assert.deepEqual(
      [one, two, three].map((signed) => bench.hear(signed).verdict),
      ['accept', 'accept', 'ignore'],
    )
    bench.list(0, [three])
    assert.equal(bench.hear(three).verdict, 'accept')
  })
})

function trainingWith(bench: ReturnType<typeof createBench>, seed: number) {
  return { ...bench.contribution('any').message.training, seed }
}

// protocol.md 4.6: the weights stay, so what was trained from them still fits.
describe('createRound after an empty round', () => {
  it('keeps the contributions that were held, and fetches the others again', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'], round: { maxViews: 1 } })
    const [held, missing, wrong] = [bench.contribute('held'), bench.contribute('missing'), bench.contribute('wrong')]
    bench.feed({ type: 'checkpoint', id: held.id, reason: null })
    bench.feed({ type: 'checkpoint', id: wrong.id, reason: 'not-finite' })
    const lists = [0, 1, 2].map((member) => bench.list(member, []))
    const empty = bench.base(lists)
    const opened = openLineage(empty.bytes, lineageView(bench.state.head))
    assert.ok(isOpenedLineage(opened) && opened.isEmpty)
    const head = nextHead(bench.state.head, { base: empty.base, opened, certificate: new Uint8Array() })
    const next = createRound({ head, self: bench.state.self, now: 0, previous: bench.state })
    assert.equal(next.round, 2)
    assert.deepEqual(
      [held, missing, wrong].map(({ id }) => next.contributions.get(String(id))?.state),
      ['held', 'announced', 'refused'],
    )
    assert.ok(next.known.has(String(held.id)))
  })

  it('forgets them when the weights changed', () => {
    const bench = createBench()
    const a = bench.contribute('a')
    const full = bench.base([0, 1, 2].map((member) => bench.list(member, [a])))
    const opened = openLineage(full.bytes, lineageView(bench.state.head))
    assert.ok(isOpenedLineage(opened))
    const head = nextHead(bench.state.head, { base: full.base, opened, certificate: new Uint8Array() })
    const next = createRound({ head, self: bench.state.self, now: 0, previous: bench.state })
    assert.equal(next.contributions.size, 0)
  })
})
