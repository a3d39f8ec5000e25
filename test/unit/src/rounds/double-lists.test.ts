import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { encodeEvidence, isProven, judgeEvidence } from '../../../../protocols/round/evidence.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { heldMessages } from '../../../../src/rounds/held.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { type Bench, createBench } from '../../../support/rounds/bench.ts'

const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ id: testCid(name, 'message') }))
if (!a || !b || !c) throw new Error('three entries')
type Entries = readonly { readonly id: CID }[]

/** The verdict of a list by member 0. */
function hear(bench: Bench, contributions: Entries, seq: number) {
  const quiet = createBench()
  return bench.hear(quiet.list(0, contributions, seq))
}

const newest = (bench: Bench) => {
  const key = bench.members[0]?.publicKey ?? new Uint8Array()
  return bench.state.lists.get(toHex(key))?.message.contributions.map(String)
}

/** What the machine found is evidence for anybody. */
function provenKind(bench: Bench): string | null {
  const [found] = bench.effectsOf('evidence')
  if (!found) return null
  const bytes = encodeEvidence(bench.facts.id, found.first, found.second)
  const judged = judgeEvidence(bytes, { network: bench.facts.id, isMember: bench.facts.isMember })
  return isProven(judged) ? judged.contradiction : judged.verdict
}

// fault 80
describe('two inclusion lists that contradict each other', () => {
  it('are evidence when they share a seq, and the first counts', () => {
    const bench = createBench()
    hear(bench, [a], 0)
    assert.deepEqual(hear(bench, [a, b], 0), { verdict: 'accept' })
    assert.equal(provenKind(bench), 'same-slot')
    assert.deepEqual(newest(bench), [String(a.id)])
  })

  it('are evidence when the later one drops an entry, and nobody is to blame for relaying it', () => {
    const bench = createBench()
    hear(bench, [a, b], 0)
    assert.deepEqual(hear(bench, [b, c], 1), { verdict: 'accept' })
    assert.equal(provenKind(bench), 'dropped-entry')
    assert.deepEqual(newest(bench)?.length, 2)
  })

  it('are evidence when the earlier one is seen last', () => {
    const bench = createBench()
    hear(bench, [b], 2)
    assert.deepEqual(hear(bench, [a, b], 0), { verdict: 'accept' })
    assert.equal(provenKind(bench), 'dropped-entry')
    assert.deepEqual(newest(bench), [String(b.id)])
  })

  it('are found behind a longer list that contradicts neither', () => {
    const bench = createBench()
    hear(bench, [a], 0)
    hear(bench, [a, b, c], 1)
    assert.deepEqual(hear(bench, [b], 0), { verdict: 'accept' })
    assert.equal(provenKind(bench), 'same-slot')
    assert.equal(newest(bench)?.length, 3)
  })

  it('are evidence once: more of them are ignored and fill no memory', () => {
    const bench = createBench()
    hear(bench, [a], 0)
    hear(bench, [b], 0)
    const [known, held] = [bench.state.known.size, heldMessages(bench.state).length]
    for (let i = 0; i < 50; i++) {
      const more = [{ id: testCid(`spam ${i}`, 'message') }]
      assert.deepEqual(hear(bench, more, i % 8), { verdict: 'ignore', reason: 'contradiction-known' })
    }
    assert.equal(bench.effectsOf('evidence').length, 1)
    assert.deepEqual([bench.state.known.size, heldMessages(bench.state).length], [known, held])
  })

  it('hold nobody up: a later list of their author that only adds still counts', () => {
    const bench = createBench()
    hear(bench, [a], 0)
    hear(bench, [b], 0)
    assert.deepEqual(hear(bench, [a, b], 1), { verdict: 'accept' })
    assert.equal(newest(bench)?.length, 2)
  })

  it('reach a peer that comes later, with the evidence', () => {
    const bench = createBench()
    hear(bench, [a], 0)
    hear(bench, [a, b, c], 1)
    hear(bench, [b], 0)
    const newcomer = createBench({ self: null })
    for (const signed of heldMessages(bench.state)) newcomer.hear(signed)
    assert.equal(provenKind(newcomer), 'same-slot')
    assert.equal(newest(newcomer)?.length, 3)
  })
})

describe('lists that do not contradict each other', () => {
  it('leave no evidence: longer ones, the same one again, an earlier one late', () => {
    const bench = createBench()
    const first = createBench().list(0, [a])
    bench.hear(first)
    hear(bench, [a, b], 1)
    assert.deepEqual(bench.hear(first), { verdict: 'ignore', reason: 'known' })
    const behind = createBench()
    hear(behind, [a, b], 1)
    assert.deepEqual(behind.hear(first), { verdict: 'ignore', reason: 'older-list' })
    for (const one of [bench, behind]) assert.deepEqual(one.effectsOf('evidence'), [])
  })
})
