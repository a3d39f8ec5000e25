import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import {
  type Candidate,
  eligibleIds,
  type PipelineFacts,
  selectInputs,
  type TrainedFrom,
} from '../../../../protocols/lineage/pipeline.ts'
import { compareBytes, compareCids, equalCids, toHex } from '../../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../../protocols/wire/crypto.ts'
import { lotteryTicket } from '../../../../protocols/wire/election.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'

const base = testCid('base')
const baseWeights = testCid('checkpoint 0', 'file')
const recent = testCid('checkpoint 1', 'file')
/** A base that late contributions were trained from, and its weights. */
const older = testCid('older base')
const olderWeights = testCid('checkpoint 2', 'file')
const seed = sha256(new Uint8Array([1]))
const authorOf = (n: number) => sha256(new Uint8Array([2, n]))

function parentOf(parent: CID): TrainedFrom | null {
  if (equalCids(parent, base)) return { staleness: 0, weights: baseWeights }
  return equalCids(parent, older) ? { staleness: 1, weights: olderWeights } : null
}

interface Scenario {
  readonly candidates: readonly Candidate[]
  readonly facts: PipelineFacts
}

/** Few authors and checkpoints, so that all collide; checkpoint 0 is the base's, 1 a recent one, 2 the older base's. */
const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    made: fc.array(
      fc.record({ author: fc.nat({ max: 5 }), checkpoint: fc.nat({ max: 7 }), parent: fc.nat({ max: 9 }) }),
      {
        maxLength: 20,
      },
    ),
    listed: fc.array(fc.array(fc.nat({ max: 19 }), { maxLength: 20 }), { minLength: 1, maxLength: 5 }),
    threshold: fc.integer({ min: 1, max: 3 }),
    maxContributions: fc.integer({ min: 1, max: 6 }),
  })
  .map(({ made, listed, threshold, maxContributions }) => {
    const all = made.map(({ author, checkpoint, parent }, i) => ({
      id: testCid(`contribution ${i}`, 'message'),
      author: authorOf(author),
      round: 1,
      parent: parent === 0 ? testCid('elsewhere') : parent < 4 ? older : base,
      checkpoint: testCid(`checkpoint ${checkpoint}`, 'file'),
    }))
    const lists = listed.map((list) => list.flatMap((i) => all[i]?.id ?? []))
    const facts: PipelineFacts = {
      lists,
      threshold,
      seed,
      maxContributions,
      baseWeights,
      parentOf,
      isRecent: (checkpoint) => equalCids(checkpoint, recent),
    }
    const eligible = eligibleIds(lists, threshold)
    return { candidates: all.filter(({ id }) => eligible.some((other) => equalCids(id, other))), facts }
  })

const listsWith = (facts: PipelineFacts, id: CID) =>
  facts.lists.filter((list) => list.some((other) => equalCids(other, id))).length

const isSorted = (ids: readonly CID[]) => ids.every((id, i) => i === 0 || compareCids(ids[i - 1] ?? id, id) < 0)

describe('eligibleIds', () => {
  const [a, b] = [testCid('a', 'message'), testCid('b', 'message')]

  it('gives ids that enough lists name, ascending', () => {
    assert.deepEqual(eligibleIds([[a, b], [a], [a]], 2), [a])
    assert.deepEqual(
      eligibleIds(
        [
          [b, a],
          [b, a],
        ],
        2,
      ),
      [a, b].sort(compareCids),
    )
    assert.deepEqual(eligibleIds([[a], [b]], 2), [])
  })

  it('counts a list once, however often it names an id', () => {
    assert.deepEqual(eligibleIds([[a, a, a], [b]], 2), [])
  })
})

describe('selectInputs', () => {
  const check = (t: Parameters<typeof testSeed>[0], judge: (scenario: Scenario) => void) =>
    fc.assert(fc.property(scenarios, judge), { seed: testSeed(t), numRuns: 300 })

  it('does not depend on the order of candidates, lists, or ids in a list', (t) => {
    const property = fc.property(
      scenarios,
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (scenario, dice) => {
        const shuffle = <T>(items: readonly T[]) =>
          items
            .map((item) => ({ item, at: dice.next().value ?? 0 }))
            .sort((x, y) => x.at - y.at)
            .map(({ item }) => item)
        const { candidates, facts } = scenario
        const shuffled = selectInputs(shuffle(candidates), { ...facts, lists: shuffle(facts.lists).map(shuffle) })
        assert.deepEqual(shuffled, selectInputs(candidates, facts))
      },
    )
    fc.assert(property, { seed: testSeed(t), numRuns: 200 })
  })

  it('gives every candidate one fate, both in id order', (t) => {
    check(t, ({ candidates, facts }) => {
      const { inputs, excluded } = selectInputs(candidates, facts)
      const fates = [...inputs, ...excluded.map(({ candidate }) => candidate)].map(({ id }) => id)
      assert.deepEqual(fates.sort(compareCids), candidates.map(({ id }) => id).sort(compareCids))
      assert.ok(isSorted(inputs.map(({ id }) => id)))
      assert.ok(isSorted(excluded.map(({ candidate }) => candidate.id)))
    })
  })

  it('takes one per author, one per checkpoint, and no more than the maximum', (t) => {
    check(t, ({ candidates, facts }) => {
      const { inputs } = selectInputs(candidates, facts)
      assert.ok(inputs.length <= facts.maxContributions)
      assert.equal(new Set(inputs.map(({ author }) => toHex(author))).size, inputs.length)
      assert.equal(new Set(inputs.map(({ checkpoint }) => String(checkpoint))).size, inputs.length)
    })
  })

  it('takes nothing that too few lists name, from another parent, unchanged or replayed', (t) => {
    check(t, ({ candidates, facts }) => {
      for (const { id, parent, checkpoint } of selectInputs(candidates, facts).inputs) {
        assert.ok(listsWith(facts, id) >= facts.threshold)
        const from = parentOf(parent)
        assert.ok(from !== null && !equalCids(checkpoint, from.weights))
        assert.ok(!equalCids(checkpoint, baseWeights) && !equalCids(checkpoint, recent))
      }
    })
  })

  it('gives each exclusion a reason that is true', (t) => {
    check(t, ({ candidates, facts }) => {
      const { inputs, excluded } = selectInputs(candidates, facts)
      for (const { candidate, reason } of excluded) {
        const { author, checkpoint, parent } = candidate
        const isTrue = {
          parent: () => parentOf(parent) === null,
          'no-change': () =>
            equalCids(checkpoint, baseWeights) || equalCids(checkpoint, parentOf(parent)?.weights ?? null),
          replay: () => equalCids(checkpoint, recent),
          author: () => candidates.filter((other) => toHex(other.author) === toHex(author)).length > 1,
          copy: () => candidates.filter((other) => equalCids(other.checkpoint, checkpoint)).length > 1,
          lottery: () => inputs.length === facts.maxContributions,
        }
        assert.ok(isTrue[reason](), reason)
      }
    })
  })

  it('draws the lottery by ticket: every input’s is lower than every loser’s', (t) => {
    check(t, ({ candidates, facts }) => {
      const { inputs, excluded } = selectInputs(candidates, facts)
      const losers = excluded.filter(({ reason }) => reason === 'lottery').map(({ candidate }) => candidate)
      const ticket = ({ author }: Candidate) => lotteryTicket(author, seed)
      for (const input of inputs) {
        for (const loser of losers) assert.ok(compareBytes(ticket(input), ticket(loser)) < 0)
      }
    })
  })

  it('keeps, of one author’s, the one that more lists name', (t) => {
    check(t, ({ candidates, facts }) => {
      const { inputs, excluded } = selectInputs(candidates, facts)
      for (const { candidate } of excluded.filter(({ reason }) => reason === 'author')) {
        const kept = [
          ...inputs,
          ...excluded.filter(({ reason }) => reason !== 'author').map((entry) => entry.candidate),
        ]
        const others = kept.filter(({ author }) => toHex(author) === toHex(candidate.author))
        assert.ok(others.some(({ id }) => listsWith(facts, id) >= listsWith(facts, candidate.id)))
        // Among equally listed ones the least late.
        const equal = others.filter(({ id }) => listsWith(facts, id) === listsWith(facts, candidate.id))
        const lateness = (one: Candidate) => parentOf(one.parent)?.staleness ?? 0
        const better = others.length > equal.length || equal.some((one) => lateness(one) <= lateness(candidate))
        assert.ok(better)
      }
    })
  })
})
