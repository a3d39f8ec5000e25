import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCertificate } from '../../../../protocols/round/certificate.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { type Bench, createBench } from '../../../support/rounds/bench.ts'
import type { FakeBase } from '../../../support/rounds/fusion.ts'

/** A member in view 0 that can build two bases: `x` and, with other lists quoted, `y`. */
function inView0(options: Parameters<typeof createBench>[0] = {}): { bench: Bench; x: FakeBase; y: FakeBase } {
  const bench = createBench(options)
  bench.feed({ type: 'started' })
  const contributions = ['a', 'b'].map((name) => bench.contribute(name))
  const self = options.self ?? 3
  const others = [0, 1, 2, 3].filter((member) => member !== self)
  const [one, two, three] = others.map((member) => bench.list(member, contributions))
  const own = bench.state.lists.get(toHex(bench.state.self ?? new Uint8Array()))
  assert.ok(one && two && three && own)
  return { bench, x: bench.base([one, two, three]), y: bench.base([one, two, own]) }
}

/** Members 0 and 1 speak in a view: f + 1, so we follow. */
function moveTo(bench: Bench, view: number): void {
  bench.prevote(0, view, null)
  bench.prevote(1, view, null)
  assert.equal(bench.state.view, view)
}

/** `x` gets a quorum of prevotes in view 0, and our precommit. */
function lockOn(bench: Bench, x: FakeBase): void {
  bench.propose(0, x)
  bench.prevote(0, 0, x.base)
  bench.prevote(1, 0, x.base)
  assert.deepEqual(bench.vote('precommit/1', 0)?.base, x.base)
}

// protocol.md 4.4; algorithm 1, line 36
describe('precommit', () => {
  it('follows a quorum of prevotes for a base that we built', () => {
    const { bench, x } = inView0()
    bench.propose(0, x)
    bench.prevote(0, 0, x.base)
    assert.equal(bench.vote('precommit/1', 0), null)
    bench.prevote(1, 0, x.base)
    assert.deepEqual(bench.vote('precommit/1', 0), { base: x.base, reason: null })
    assert.deepEqual(bench.state.locked, { view: 0, base: x.base })
    assert.deepEqual(bench.state.valid, { view: 0, base: x.base, lineage: x.lineage })
  })

  it('goes into the journal after the proposal and the prevotes that it rests on', () => {
    const { bench, x } = inView0()
    lockOn(bench, x)
    const kinds = bench.journal.map(({ message }) => message.kind)
    assert.deepEqual(kinds.slice(-5), ['prevote/1', 'proposal/1', 'prevote/1', 'prevote/1', 'precommit/1'])
  })

  it('is never for what we could not build, whatever others prevote', () => {
    const { bench, x } = inView0({ manual: ['build'] })
    bench.propose(0, x)
    for (const member of [0, 1, 2]) bench.prevote(member, 0, x.base)
    bench.fire('propose')
    bench.fire('prevote')
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'not-built' })
    assert.deepEqual(bench.vote('precommit/1', 0), { base: null, reason: 'no-quorum-of-prevotes' })
    assert.equal(bench.state.locked, null)
  })

  // line 44
  it('is nil after a quorum of nil prevotes', () => {
    const { bench } = inView0()
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1', 0), { base: null, reason: 'no-proposal-in-time' })
    bench.prevote(0, 0, null)
    bench.prevote(1, 0, null)
    assert.deepEqual(bench.vote('precommit/1', 0), { base: null, reason: 'quorum-of-nil' })
  })

  // lines 34 and 61
  it('is nil when a quorum voted, but not alike, and no more came in time', () => {
    const { bench, x } = inView0()
    bench.propose(0, x)
    bench.prevote(0, 0, null)
    assert.deepEqual(
      bench.effectsOf('timer').filter(({ name }) => name.includes('prevote')),
      [],
    )
    bench.prevote(1, 0, x.base)
    assert.equal(bench.effectsOf('timer').filter(({ name }) => name.includes('prevote')).length, 1)
    bench.fire('prevote')
    assert.deepEqual(bench.vote('precommit/1', 0), { base: null, reason: 'no-quorum-of-prevotes' })
    assert.equal(bench.state.locked, null)
  })

  it('stays nil when the quorum comes too late, but the base is carried over', () => {
    const { bench, x } = inView0()
    bench.propose(0, x)
    bench.prevote(0, 0, null)
    bench.prevote(1, 0, x.base)
    bench.fire('prevote')
    bench.prevote(2, 0, x.base)
    assert.equal(bench.state.locked, null)
    assert.deepEqual(bench.state.valid, { view: 0, base: x.base, lineage: x.lineage })
    assert.equal(bench.said.filter(({ message }) => message.kind === 'precommit/1').length, 1)
  })
})

// protocol.md 4.6; line 36
describe('a base that a quorum prevoted', () => {
  it('is carried over though its prevotes come views later', () => {
    const { bench, x } = inView0({ self: 2 })
    bench.propose(0, x)
    bench.prevote(0, 0, x.base)
    moveTo(bench, 1)
    assert.equal(bench.state.valid, null)
    bench.prevote(3, 0, x.base)
    assert.deepEqual(bench.state.valid, { view: 0, base: x.base, lineage: x.lineage })
    assert.equal(bench.state.locked, null)
    moveTo(bench, 2)
    const [proposal] = bench.sayings('proposal/1')
    assert.deepEqual([proposal?.view, proposal?.validView], [2, 0])
  })

  it('is not carried over before we built it', () => {
    const { bench, x } = inView0({ manual: ['build'] })
    bench.propose(0, x)
    for (const member of [0, 1, 2]) bench.prevote(member, 0, x.base)
    assert.equal(bench.state.valid, null)
    const [build] = bench.effectsOf('build')
    assert.ok(build)
    bench.feed({ type: 'built', key: build.key, base: x.base, lineage: x.lineage })
    assert.deepEqual(bench.state.valid, { view: 0, base: x.base, lineage: x.lineage })
  })
})

// protocol.md 4.4; lines 22 and 28
describe('a locked member', () => {
  it('does not prevote another fresh base', () => {
    const { bench, x, y } = inView0()
    lockOn(bench, x)
    moveTo(bench, 1)
    bench.propose(1, y)
    assert.deepEqual(bench.vote('prevote/1', 1), { base: null, reason: 'locked-on-another-base' })
  })

  it('prevotes its own base again, fresh or carried', () => {
    const { bench, x } = inView0()
    lockOn(bench, x)
    moveTo(bench, 1)
    bench.propose(1, x)
    assert.deepEqual(bench.vote('prevote/1', 1)?.base, x.base)
    moveTo(bench, 2)
    bench.propose(2, x, 0)
    assert.deepEqual(bench.vote('prevote/1', 2)?.base, x.base)
  })

  it('prevotes no other carried base before it sees the quorum that carries it', () => {
    const { bench, x, y } = inView0()
    lockOn(bench, x)
    moveTo(bench, 1)
    bench.propose(1, y)
    bench.prevote(2, 1, y.base)
    assert.deepEqual(bench.vote('prevote/1', 1)?.base, null)
    moveTo(bench, 2)
    bench.propose(2, y, 1)
    assert.equal(bench.vote('prevote/1', 2), null) // two prevotes of view 1 are no quorum
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1', 2), { base: null, reason: 'no-quorum-carries-it' })
  })

  it('is freed by a quorum of prevotes of a later view, and by nothing less', () => {
    const { bench, x, y } = inView0()
    lockOn(bench, x)
    // View 1, in which everybody but us prevotes y.
    bench.prevote(0, 1, y.base)
    bench.prevote(1, 1, y.base)
    bench.propose(1, y)
    assert.deepEqual(bench.vote('prevote/1', 1), { base: null, reason: 'locked-on-another-base' })
    bench.prevote(2, 1, y.base)
    assert.deepEqual(bench.state.locked?.base, y.base)
    assert.deepEqual(bench.vote('precommit/1', 1)?.base, y.base)
    bench.prevote(0, 2, null)
    bench.prevote(1, 2, null)
    bench.propose(2, y, 1)
    assert.deepEqual(bench.vote('prevote/1', 2)?.base, y.base)
  })

  it('is not freed by a quorum of an earlier view', () => {
    const { bench, x, y } = inView0()
    bench.propose(0, y)
    bench.prevote(0, 0, y.base)
    bench.fire('prevote')
    bench.prevote(1, 1, x.base)
    bench.prevote(2, 1, x.base)
    bench.propose(1, x)
    assert.deepEqual(bench.state.locked, { view: 1, base: x.base })
    bench.prevote(1, 0, y.base) // now y has its quorum in view 0
    moveTo(bench, 2)
    bench.propose(2, y, 0)
    assert.deepEqual(bench.vote('prevote/1', 2), { base: null, reason: 'locked-on-another-base' })
  })

  it('proposes what it locked on when its turn comes, with the view that carries it', () => {
    const { bench, x } = inView0({ self: 1 })
    bench.propose(0, x)
    bench.prevote(0, 0, x.base)
    bench.prevote(2, 0, x.base)
    bench.prevote(0, 1, null)
    bench.prevote(2, 1, null)
    const [proposal] = bench.sayings('proposal/1')
    assert.deepEqual([proposal?.view, proposal?.validView, String(proposal?.base)], [1, 0, String(x.base)])
  })
})

// protocol.md 4.5; line 49
describe('decided', () => {
  it('follows a quorum of precommits, with a certificate of exactly a quorum', () => {
    const { bench, x } = inView0()
    lockOn(bench, x)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, x.base)
    const [decided] = bench.effectsOf('decided')
    assert.ok(decided)
    const { id: network, quorum, isMember } = bench.facts
    const certificate = openCertificate(decided.certificate, { network, quorum, isMember })
    assert.ok('signatures' in certificate)
    assert.equal(certificate.signatures.length, 3)
    assert.equal(String(certificate.base), String(x.base))
    assert.equal(bench.state.phase, 'adopt')
    assert.equal(bench.effectsOf('decided').length, 1)
  })

  it('needs no proposal, no list and no vote of ours', () => {
    const { bench, x } = inView0()
    const late = createBench({ self: null })
    for (const member of [0, 1, 2]) late.precommit(member, 5, x.base)
    assert.equal(late.effectsOf('decided').length, 1)
    assert.equal(late.said.length, 0)
    for (const member of [0, 1, 2]) bench.precommit(member, 5, x.base)
    assert.equal(bench.effectsOf('decided')[0]?.view, 5)
  })

  it('counts no votes of different views together', () => {
    const { bench, x } = inView0()
    bench.precommit(0, 0, x.base)
    bench.precommit(1, 0, x.base)
    bench.precommit(2, 1, x.base)
    assert.deepEqual(bench.effectsOf('decided'), [])
  })

  it('ends everything that this round would say', () => {
    const { bench, x } = inView0()
    for (const member of [0, 1, 2]) bench.precommit(member, 0, x.base)
    const before = bench.effects.length
    bench.propose(0, x)
    for (const kind of ['propose', 'prevote', 'precommit', 'collect', 'grace'] as const) bench.fire(kind)
    bench.contribute('late')
    assert.equal(bench.effects.length, before)
  })
})

// protocol.md 4.7, L4; lines 47, 55 and 65
describe('the next view', () => {
  it('begins at a quorum of nil precommits', () => {
    const { bench } = inView0()
    bench.fire('propose')
    for (const member of [0, 1]) bench.prevote(member, 0, null)
    for (const member of [0, 1]) bench.precommit(member, 0, null)
    assert.equal(bench.state.view, 1)
    assert.equal(bench.state.phase, 'propose')
  })

  it('begins some time after a quorum of precommits that are not alike', () => {
    const { bench, x } = inView0()
    lockOn(bench, x)
    bench.precommit(0, 0, null)
    assert.equal(bench.state.view, 0)
    bench.precommit(1, 0, null)
    bench.fire('precommit')
    assert.equal(bench.state.view, 1)
  })

  it('pulls us when f + 1 members are there', () => {
    const { bench } = inView0()
    bench.prevote(0, 6, null)
    assert.equal(bench.state.view, 0)
    bench.precommit(1, 6, null)
    assert.equal(bench.state.view, 6)
    assert.equal(bench.state.phase, 'propose')
  })

  it('pulls us to the view that f + 1 members reached, though they are apart', () => {
    const { bench } = inView0()
    bench.prevote(0, 9, null)
    bench.prevote(1, 5, null)
    assert.equal(bench.state.view, 5)
  })

  it('pulls us out of collecting', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    bench.prevote(0, 2, null)
    bench.prevote(1, 2, null)
    assert.equal(bench.state.view, 2)
  })

  it('is not reached on the word of one liar, however often it speaks', () => {
    const { bench } = inView0()
    for (let view = 1; view < 200; view++) {
      bench.prevote(0, view, null)
      bench.precommit(0, view, null)
    }
    assert.equal(bench.state.view, 0)
    assert.ok(bench.state.prevotes.size <= 34, `${bench.state.prevotes.size} views kept`)
    assert.ok(bench.state.known.size < 100)
  })

  it('reuses the lists of the last one', () => {
    const { bench, x } = inView0({ self: 1 })
    bench.propose(0, x)
    const before = bench.effectsOf('build').length
    bench.prevote(0, 1, null)
    bench.prevote(2, 1, null)
    const [proposal] = bench.sayings('proposal/1')
    assert.deepEqual([proposal?.view, proposal?.validView, String(proposal?.base)], [1, null, String(x.base)])
    assert.equal(bench.effectsOf('build').length, before)
  })

  it('asks each timer once', () => {
    const { bench, x } = inView0()
    bench.propose(0, x)
    bench.prevote(0, 0, null)
    bench.prevote(1, 0, x.base)
    bench.contribute('meanwhile')
    bench.prevote(2, 0, x.base)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, null)
    const names = bench.effectsOf('timer').map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
  })

  it('ignores timers of earlier views', () => {
    const { bench } = inView0()
    moveTo(bench, 1)
    bench.feed({ type: 'timer', name: '1/propose/0' })
    bench.feed({ type: 'timer', name: '2/propose/1' })
    assert.equal(bench.vote('prevote/1', 1), null)
  })
})
