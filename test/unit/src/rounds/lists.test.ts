import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testCid } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const listed = (bench: ReturnType<typeof createBench>) =>
  bench.sayings('list/1').map(({ seq, contributions }) => `${seq}:${contributions.length}`)

// protocol.md 4.1
describe('publishList', () => {
  it('waits for the collect window', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    bench.contribute('a')
    assert.deepEqual(listed(bench), [])
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:1'])
  })

  it('waits for enough contributions that the pipeline would take', () => {
    const bench = createBench({ round: { minContributions: 2 } })
    bench.feed({ type: 'started' })
    bench.fire('collect')
    const a = bench.contribute('a')
    bench.contribute('copycat', { checkpoint: a.message.checkpoint })
    assert.deepEqual(listed(bench), [])
    bench.contribute('b')
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:2'])
  })

  it('gives late ones the grace time', () => {
    const bench = createBench({ round: { graceMs: 700 } })
    bench.feed({ type: 'started' })
    bench.fire('collect')
    bench.contribute('a')
    const timers = bench.effectsOf('timer').map(({ name, delayMs }) => `${name} ${delayMs}`)
    assert.deepEqual(timers, ['1/collect/0 1000', '1/grace/0 700'])
    bench.contribute('b')
    assert.deepEqual(listed(bench), [])
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:2'])
  })

  it('follows f + 1 others at once, with what is held', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribution('a')
    bench.list(0, [a])
    assert.deepEqual(listed(bench), [])
    bench.list(1, [a])
    assert.deepEqual(listed(bench), ['0:0'])
  })

  it('lists only what is held and valid', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const [good, bad] = [bench.contribute('good'), bench.contribute('bad')]
    bench.contribute('on its way')
    bench.feed({ type: 'checkpoint', id: good.id, reason: null })
    bench.feed({ type: 'checkpoint', id: bad.id, reason: 'not-finite' })
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(bench.sayings('list/1')[0]?.contributions.map(String), [String(good.id)])
  })

  it('lists the first of two with one checkpoint, whatever the lottery says', () => {
    const names = ['a', 'b', 'c', 'd']
    for (const [i, name] of names.entries()) {
      const bench = createBench()
      bench.feed({ type: 'started' })
      const original = bench.contribute(name)
      for (const other of names.toSpliced(i, 1)) bench.contribute(other, { checkpoint: original.message.checkpoint })
      bench.fire('collect')
      bench.fire('grace')
      assert.deepEqual(bench.sayings('list/1')[0]?.contributions.map(String), [String(original.id)])
    }
  })

  it('journals the contributions that it lists', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(
      bench.journal.map(({ message }) => message.kind),
      ['contribution/1', 'list/1'],
    )
    assert.equal(bench.journal[0]?.id, a.id)
  })

  it('publishes a higher seq when something that others list was gained', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const [a, b] = [bench.contribute('a'), bench.contribution('b')]
    bench.fire('collect')
    bench.fire('grace')
    bench.list(0, [a, b])
    assert.deepEqual(listed(bench), ['0:1'])
    bench.hear(b)
    assert.deepEqual(listed(bench), ['0:1', '1:2'])
  })

  it('keeps quiet about what nobody else lists once it has enough', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    bench.contribute('late')
    assert.deepEqual(listed(bench), ['0:1'])
  })

  it('publishes a higher seq when it had too few', () => {
    const bench = createBench({ round: { minContributions: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.list(0, [a])
    bench.list(1, [a])
    bench.contribute('copycat', { checkpoint: a.message.checkpoint })
    assert.deepEqual(listed(bench), ['0:1'])
    bench.contribute('b')
    assert.deepEqual(listed(bench), ['0:1', '1:2'])
  })

  // L6
  it('waits for what others list, but not for ever', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const [a, b, never] = [bench.contribute('a'), bench.contribution('b'), bench.contribution('never')]
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    bench.fire('collect')
    bench.fire('grace')
    bench.list(0, [a, b, never])
    bench.hear(b)
    bench.hear(never)
    bench.feed({ type: 'checkpoint', id: b.id, reason: null })
    assert.deepEqual(listed(bench), ['0:1'])
    bench.fire('gain')
    assert.deepEqual(listed(bench), ['0:1', '1:2'])
  })

  it('says at most three lists before view 1, and eight in all', () => {
    const bench = createBench({ round: { maxContributions: 32 } })
    bench.feed({ type: 'started' })
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`)
    const all = names.map((name) => bench.contribution(name))
    const lure = (seq: number, upTo: number) => {
      bench.list(0, all.slice(0, upTo), seq)
      for (const contribution of all.slice(0, upTo)) bench.hear(contribution)
    }
    bench.hear(bench.contribution('mine'))
    bench.fire('collect')
    bench.fire('grace')
    for (let seq = 0; seq < 8; seq++) lure(seq, seq + 1)
    assert.deepEqual(listed(bench), ['0:1', '1:2', '2:3'])
    const rest = all.slice(8)
    rest.forEach((contribution, i) => {
      bench.list(1, all.slice(0, 9 + i), Math.min(i, 7))
      bench.prevote(1, i + 1, null)
      bench.prevote(2, i + 1, null)
      bench.hear(contribution)
    })
    assert.deepEqual(
      bench.sayings('list/1').map(({ seq }) => seq),
      [0, 1, 2, 3, 4, 5, 6, 7],
    )
  })

  it('never lists more than twice maxContributions, half of it kept for what others list', () => {
    const bench = createBench({ round: { maxContributions: 2 } })
    bench.feed({ type: 'started' })
    for (const name of ['a', 'b', 'c', 'd']) bench.contribute(name)
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:2'])
    const theirs = ['e', 'f', 'g'].map((name) => bench.contribution(name))
    for (const contribution of theirs) bench.hear(contribution)
    bench.list(0, theirs)
    assert.deepEqual(listed(bench), ['0:2', '1:4'])
  })

  it('prefers the better places in the lottery, so that lists have something in common', () => {
    const names = Array.from({ length: 8 }, (_, i) => `c${i}`)
    const [one, two] = [names, names.toReversed()].map((order) => {
      const bench = createBench({ round: { maxContributions: 4 } })
      bench.feed({ type: 'started' })
      for (const name of order) bench.contribute(name)
      bench.fire('collect')
      bench.fire('grace')
      return bench.sayings('list/1')[0]?.contributions.map(String)
    })
    assert.equal(one?.length, 4)
    assert.deepEqual(one, two)
  })

  it('fetches and lists no checkpoint of the last rounds, which costs its author nothing', () => {
    const recent = Array.from({ length: 20 }, (_, i) => testCid(`old input ${i}`, 'file'))
    const bench = createBench({
      round: { maxContributions: 4 },
      head: (head) => ({ ...head, history: head.history.map((ancestor) => ({ ...ancestor, inputs: recent })) }),
    })
    bench.feed({ type: 'started' })
    recent.forEach((checkpoint, i) => {
      bench.contribute(`replay ${i}`, { checkpoint })
    })
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 0)
    bench.contribute('new')
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:1'])
  })

  it('lists no copy of a checkpoint that others do not list', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const copies = ['x', 'y', 'z'].map((name) => bench.contribute(name, { checkpoint: a.message.checkpoint }))
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(listed(bench), ['0:1'])
    bench.list(0, copies)
    assert.deepEqual(listed(bench), ['0:1', '1:4'])
  })
})

describe('takeList', () => {
  it('asks the lister for contributions that it lists and we never saw', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const [seen, unseen] = [bench.contribute('seen'), bench.contribution('unseen')]
    bench.list(0, [seen, unseen])
    const [asked] = bench.effectsOf('fetch-contributions')
    assert.deepEqual(asked?.ids.map(String), [String(unseen.id)])
    assert.equal(asked?.from, bench.state.lists.values().next().value?.message.author)
  })

  it('asks another lister in each view, for what f + 1 list', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const [wanted, onlyOne] = [bench.contribution('wanted'), bench.contribution('of one list')]
    bench.list(0, [wanted])
    bench.list(1, [wanted, onlyOne])
    assert.equal(bench.state.view, 0)
    bench.prevote(0, 1, null)
    bench.prevote(1, 1, null)
    assert.equal(bench.state.view, 1)
    const placeOf = (key: Uint8Array) => bench.members.findIndex(({ publicKey }) => Buffer.from(key).equals(publicKey))
    assert.deepEqual(
      bench.effectsOf('fetch-contributions').map(({ from, ids }) => `${ids.length} of ${placeOf(from)}`),
      ['1 of 0', '2 of 1', '1 of 0', '1 of 1'],
    )
  })

  it('ignores a list that drops an entry, and one of the same seq', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const [a, b] = [bench.contribution('a'), bench.contribution('b')]
    bench.list(0, [a, b], 1)
    bench.list(0, [a], 2)
    bench.list(0, [a, b, bench.contribution('c')], 1)
    assert.equal([...bench.state.lists.values()][0]?.message.contributions.length, 2)
  })
})
