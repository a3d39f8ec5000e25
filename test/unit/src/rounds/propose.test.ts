import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBench } from '../../../support/rounds/bench.ts'

/** The aggregator of view 0, about to be the last to list. */
function openView(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench({ self: 0, ...options })
  bench.feed({ type: 'started' })
  const [a, b] = [bench.contribute('a'), bench.contribute('b')]
  return { bench, a, b }
}

const quoted = (bench: ReturnType<typeof createBench>) => {
  const built = bench.effectsOf('build').at(-1)
  return built?.spec.lists.length
}

// protocol.md 4.2
describe('propose', () => {
  it('starts view 0 at a quorum of lists, not before', () => {
    const { bench, a } = openView({ members: 7, self: 3 })
    bench.list(0, [a])
    bench.list(1, [a])
    bench.list(2, [a]) // f + 1: ours follows
    assert.equal(bench.state.lists.size, 4)
    assert.equal(bench.state.phase, 'collect')
    bench.list(4, [a])
    assert.equal(bench.state.view, 0)
    assert.equal(bench.state.phase, 'propose')
  })

  it('quotes exactly a quorum of lists, in author order', () => {
    const { bench, a, b } = openView({ members: 7, self: 0 })
    for (const member of [1, 2, 3, 4, 5, 6]) bench.list(member, [a, b])
    const [proposal] = bench.sayings('proposal/1')
    assert.equal(proposal?.view, 0)
    assert.equal(proposal?.validView, null)
    assert.equal(quoted(bench), 5)
    const lists = bench.effectsOf('build')[0]?.spec.lists ?? []
    const authors = lists.map((envelope) => [...bench.state.lists.values()].find((list) => list.envelope === envelope))
    const keys = authors.map((list) => Buffer.from(list?.message.author ?? []).toString('hex'))
    assert.deepEqual(keys, [...keys].sort())
  })

  it('takes as inputs what f + 1 of the quoted lists name', () => {
    const { bench, a, b } = openView()
    const c = bench.contribute('c')
    bench.list(1, [a, b])
    bench.list(2, [a, b])
    const [built] = bench.effectsOf('build')
    assert.deepEqual(new Set(built?.spec.inputs.map(({ id }) => String(id))), new Set([String(a.id), String(b.id)]))
    assert.ok(!built?.spec.inputs.some(({ id }) => id.equals(c.id)))
  })

  it('says why what was listed is no input', () => {
    const bench = createBench({ self: 0, round: { maxContributions: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const copy = bench.contribute('copycat', { checkpoint: a.message.checkpoint })
    bench.list(1, [a, copy])
    bench.list(2, [a, copy])
    const [built] = bench.effectsOf('build')
    assert.equal(built?.spec.inputs.length, 1)
    assert.deepEqual(
      built?.spec.excluded.map(({ reason }) => reason),
      ['copy'],
    )
  })

  it('waits for more lists while the quorum has too few inputs', () => {
    const bench = createBench({ self: 0, round: { minContributions: 2 } })
    bench.feed({ type: 'started' })
    const [a, b] = [bench.contribute('a'), bench.contribute('b')]
    bench.list(1, [a])
    bench.list(2, [a])
    assert.equal(bench.state.view, 0)
    assert.deepEqual(bench.sayings('proposal/1'), [])
    bench.list(3, [a, b])
    assert.equal(bench.effectsOf('build')[0]?.spec.inputs.length, 2)
    assert.equal(bench.sayings('proposal/1').length, 1)
  })

  it('proposes no input whose bytes it lacks', () => {
    const { bench, a, b } = openView()
    const missing = bench.contribution('missing')
    bench.list(1, [a, b, missing])
    bench.list(2, [a, b, missing])
    assert.deepEqual(bench.sayings('proposal/1'), [])
    bench.hear(missing)
    assert.equal(bench.effectsOf('build')[0]?.spec.inputs.length, 3)
  })

  it('proposes no input whose bytes are on their way', () => {
    const bench = createBench({ self: 0, manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.list(1, [a])
    bench.list(2, [a])
    assert.equal(bench.state.view, 0)
    assert.deepEqual(bench.effectsOf('build'), [])
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    assert.equal(bench.sayings('proposal/1').length, 1)
  })

  it('builds what it chose first, though lists grow meanwhile', () => {
    const { bench, a, b } = openView({ manual: ['build'] })
    bench.list(1, [a, b])
    bench.list(2, [a, b])
    const c = bench.contribution('c')
    bench.list(1, [a, b, c], 1)
    bench.list(2, [a, b, c], 1)
    bench.hear(c)
    assert.equal(bench.effectsOf('build').length, 1)
  })

  it('builds again in a later view what failed to build', () => {
    const { bench } = openView({ manual: ['build'], members: 1, round: { minContributions: 2 } })
    bench.fire('collect')
    bench.fire('grace')
    const [first] = bench.effectsOf('build')
    assert.ok(first)
    bench.feed({ type: 'build-failed', key: first.key, reason: 'disk-full' })
    bench.fire('propose')
    assert.equal(bench.effectsOf('build').length, 2)
    assert.equal(bench.state.view, 1)
  })

  it('proposes once a view, whatever comes', () => {
    const { bench, a, b } = openView()
    for (const member of [1, 2, 3]) bench.list(member, [a, b])
    for (const member of [1, 2]) bench.list(member, [a, b, bench.contribute(`late ${member}`)], 1)
    assert.equal(bench.sayings('proposal/1').length, 1)
  })
})

/** A member that is not the aggregator, in view 0 with a proposal of member 0. */
function judged() {
  const bench = createBench({ round: { minContributions: 2 } })
  bench.feed({ type: 'started' })
  const contributions = ['a', 'b', 'c'].map((name) => bench.contribute(name))
  const lists = [0, 1, 2].map((member) => bench.list(member, contributions))
  return { bench, contributions, lists }
}

// protocol.md 4.2, 4.3
describe('prevote on a fresh proposal', () => {
  it('names the base when the own fusion gives it', () => {
    const { bench, lists } = judged()
    const base = bench.base(lists)
    bench.propose(0, base)
    assert.deepEqual(bench.vote('prevote/1', 0), { base: base.base, reason: null })
  })

  it('waits for the own fusion, and is nil when there is none in time', () => {
    const bench = createBench({ manual: ['build'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
    bench.propose(0, bench.base(lists))
    assert.equal(bench.vote('prevote/1', 0), null)
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'not-built' })
  })

  it('is nil for another base than the own fusion gives', () => {
    const { bench, lists } = judged()
    const base = bench.base(lists)
    bench.propose(0, { ...base, base: bench.base(lists.slice(0, 3), (spec) => ({ ...spec, inputs: [] })).base })
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'other-base' })
  })

  it('is nil for a lineage of another parent', () => {
    const { bench, lists } = judged()
    const other = bench.base(lists, (spec) => ({
      ...spec,
      parent: { ...spec.parent, base: bench.base(lists).base },
    }))
    bench.propose(0, other)
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-wrong-parent' })
  })

  it('is nil for bytes that are no lineage', () => {
    const bench = createBench({ manual: ['fetch-lineage'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
    const base = bench.base(lists)
    bench.propose(0, base)
    bench.feed({ type: 'lineage', cid: base.lineage, bytes: new Uint8Array([1, 2, 3]) })
    assert.match(bench.vote('prevote/1', 0)?.reason ?? '', /^lineage-/)
  })

  it('is nil when a listed contribution is left out', () => {
    const { bench, lists } = judged()
    bench.propose(
      0,
      bench.base(lists, (spec) => ({ ...spec, inputs: spec.inputs.slice(1) })),
    )
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-not-listed' })
  })

  it('is nil when a listed contribution is excluded without a reason that holds', () => {
    const { bench, lists } = judged()
    bench.propose(
      0,
      bench.base(lists, (spec) => ({
        ...spec,
        inputs: spec.inputs.slice(1),
        excluded: spec.inputs.slice(0, 1).map((contribution) => ({ contribution, reason: 'lottery' })),
      })),
    )
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-other-inputs' })
  })

  it('is nil when an input is listed by nobody', () => {
    const { bench, lists } = judged()
    const unlisted = bench.contribute('unlisted')
    const entry = bench.state.contributions.get(String(unlisted.id))
    assert.ok(entry)
    bench.propose(
      0,
      bench.base(lists, (spec) => ({ ...spec, inputs: [...spec.inputs, entry.contribution] })),
    )
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-not-listed' })
  })

  it('is nil when fewer lists than a quorum are quoted', () => {
    const { bench, lists } = judged()
    bench.propose(
      0,
      bench.base(lists, (spec) => ({ ...spec, lists: spec.lists.slice(1) })),
    )
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-no-quorum-of-lists' })
  })

  it('is nil with too few inputs before view maxViews', () => {
    const bench = createBench({ round: { minContributions: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.propose(0, bench.base([0, 1, 2].map((member) => bench.list(member, [a]))))
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-too-few-inputs' })
  })

  it('is nil for an input whose bytes are wrong', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.feed({ type: 'checkpoint', id: a.id, reason: 'not-finite' })
    bench.propose(0, bench.base([0, 1, 2].map((member) => bench.list(member, [a]))))
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'input-refused: not-finite' })
  })

  // L6
  it('waits for an input whose bytes nobody gives, and is nil when they come too late', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.feed({ type: 'checkpoint', id: a.id, reason: 'unavailable' })
    bench.propose(0, bench.base([0, 1, 2].map((member) => bench.list(member, [a]))))
    for (let i = 0; i < 4; i++) bench.feed({ type: 'checkpoint', id: a.id, reason: 'unavailable' })
    assert.equal(bench.state.contributions.get(String(a.id))?.reason, 'unavailable')
    assert.equal(bench.vote('prevote/1', 0), null)
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'inputs-not-here' })
  })

  it('fetches contributions that it hears of from the lineage only', () => {
    const bench = createBench()
    const maker = createBench()
    const a = maker.contribute('a')
    const base = maker.base([0, 1, 2].map((member) => maker.list(member, [a])))
    bench.feed({ type: 'started' })
    for (const member of [0, 1, 2]) bench.list(member, [])
    bench.propose(0, base)
    bench.feed({ type: 'lineage', cid: base.lineage, bytes: base.bytes })
    assert.equal(bench.effectsOf('fetch-checkpoint').length, 1)
    assert.deepEqual(bench.vote('prevote/1', 0), { base: base.base, reason: null })
  })
})

describe('fetching a lineage', () => {
  function withoutLineage() {
    const bench = createBench({ manual: ['fetch-lineage'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const base = bench.base([0, 1, 2].map((member) => bench.list(member, [a])))
    const fail = () => bench.feed({ type: 'lineage', cid: base.lineage, bytes: null })
    const asked = () =>
      bench
        .effectsOf('fetch-lineage')
        .map(({ from }) => bench.members.findIndex(({ publicKey }) => Buffer.from(from).equals(publicKey)))
    return { bench, base, fail, asked }
  }

  it('is asked of the aggregator, and not again and again when it fails', () => {
    const { bench, base, fail, asked } = withoutLineage()
    bench.propose(0, base)
    fail()
    bench.fire('collect')
    assert.deepEqual(asked(), [0])
  })

  it('is asked of those who voted for the base', () => {
    const { bench, base, fail, asked } = withoutLineage()
    bench.propose(0, base)
    fail()
    bench.prevote(1, 0, base.base)
    fail()
    bench.prevote(2, 0, null)
    assert.deepEqual(asked(), [0, 1])
    bench.feed({ type: 'lineage', cid: base.lineage, bytes: base.bytes })
    assert.deepEqual(asked(), [0, 1])
  })

  it('is asked again in a later view', () => {
    const { bench, base, fail, asked } = withoutLineage()
    bench.propose(0, base)
    fail()
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'lineage-not-here' })
    bench.prevote(0, 4, null)
    bench.prevote(1, 4, null)
    bench.propose(4, base)
    assert.deepEqual(asked(), [0, 0])
  })
})

// protocol.md 4.6
describe('from view maxViews on', () => {
  function lateView(self = 3) {
    const bench = createBench({ self, round: { maxViews: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    for (const member of [0, 1, 2]) if (member !== self) bench.list(member, [a])
    bench.fire('collect')
    bench.fire('grace')
    for (const member of [0, 1]) if (member !== self) bench.prevote(member, 2, null)
    if (self < 2) bench.prevote(3, 2, null)
    return { bench, lists: [...bench.state.lists.values()].slice(0, 3) }
  }

  it('a fresh proposal must be empty', () => {
    const { bench, lists } = lateView()
    assert.equal(bench.state.view, 2)
    bench.propose(2, bench.base(lists))
    assert.deepEqual(bench.vote('prevote/1', 2), { base: null, reason: 'must-be-empty' })
  })

  it('an empty one keeps the weights and gets votes', () => {
    const { bench, lists } = lateView()
    const empty = bench.base(lists, (spec) => ({ ...spec, inputs: [], excluded: [] }))
    bench.propose(2, empty)
    assert.deepEqual(bench.vote('prevote/1', 2), { base: empty.base, reason: null })
  })

  it('no empty one gets a vote before', () => {
    const { bench, lists } = judged()
    bench.propose(
      0,
      bench.base(lists, (spec) => ({ ...spec, inputs: [], excluded: [] })),
    )
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'empty-too-early' })
  })

  it('the aggregator proposes an empty one', () => {
    const { bench } = lateView(2)
    assert.equal(bench.state.view, 2)
    const built = bench.effectsOf('build').at(-1)
    assert.deepEqual([built?.spec.inputs, built?.spec.excluded], [[], []])
    assert.equal(bench.sayings('proposal/1').at(-1)?.view, 2)
  })

  it('a value that a quorum prevoted before is proposed again, inputs and all', () => {
    const bench = createBench({ self: 2, round: { maxViews: 2 } })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const lists = [0, 1, 3].map((member) => bench.list(member, [a]))
    const base = bench.base(lists)
    bench.propose(0, base)
    for (const member of [0, 1]) bench.prevote(member, 0, base.base)
    for (const member of [0, 1]) bench.prevote(member, 2, null)
    const [proposal] = bench.sayings('proposal/1')
    assert.equal(proposal?.view, 2)
    assert.equal(proposal?.validView, 0)
    assert.equal(String(proposal?.base), String(base.base))
  })
})
