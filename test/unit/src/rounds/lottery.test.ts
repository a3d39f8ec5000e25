import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Candidate, selectInputs } from '../../../../protocols/lineage/pipeline.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../../protocols/wire/crypto.ts'
import { roundSeed } from '../../../../protocols/wire/election.ts'
import { UNAVAILABLE } from '../../../../src/rounds/collect.ts'
import { testCid, testNetwork } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const AUTHORS = 12
const PLACES = 4
const ROUNDS = 2_000

describe('the lottery', () => {
  it('draws each author as often as the others, over 2,000 rounds', () => {
    const { network } = testNetwork()
    const [base, weights] = [testCid('base'), testCid('weights', 'file')]
    const candidates: readonly Candidate[] = Array.from({ length: AUTHORS }, (_, i) => ({
      id: testCid(`contribution ${i}`, 'message'),
      author: sha256(Uint8Array.of(i)),
      round: 1,
      parent: base,
      checkpoint: testCid(`checkpoint ${i}`, 'file'),
    }))
    const lists = [candidates.map(({ id }) => id)]
    const drawn = new Map(candidates.map(({ author }) => [toHex(author), 0]))
    for (let round = 1; round <= ROUNDS; round++) {
      const { inputs, excluded } = selectInputs(candidates, {
        lists,
        threshold: 1,
        seed: roundSeed(network, round),
        maxContributions: PLACES,
        baseWeights: weights,
        parentOf: () => ({ staleness: 0, weights }),
        isRecent: () => false,
      })
      assert.equal(inputs.length, PLACES)
      assert.ok(excluded.every(({ reason }) => reason === 'lottery'))
      for (const { author } of inputs) drawn.set(toHex(author), (drawn.get(toHex(author)) ?? 0) + 1)
    }
    // Each is drawn with a chance of a third: 667 times, with a standard deviation of 21; 4.5 of them for all twelve.
    const [chance, counts] = [PLACES / AUTHORS, [...drawn.values()]]
    const tolerance = 4.5 * Math.sqrt(ROUNDS * chance * (1 - chance))
    assert.ok(
      counts.every((count) => Math.abs(count - ROUNDS * chance) < tolerance),
      String(counts),
    )
  })
})

// fault 91: 1,000 contributions await their bytes
describe('a thousand contributions', () => {
  const bench = createBench({ manual: ['fetch-checkpoint'], round: { maxContributions: PLACES, minContributions: 1 } })
  for (let i = 0; i < 500; i++) {
    // Two by each author, the second one first in line as far as its ticket goes.
    for (const nth of [1, 2]) {
      bench.contribute(`author ${i}`, { checkpoint: testCid(`checkpoint ${i}/${nth}`, 'file') })
    }
  }
  const asked = () => bench.effectsOf('fetch-checkpoint').map(({ contribution }) => contribution)
  const fetching = () => [...bench.state.contributions.values()].filter(({ state }) => state === 'fetching')

  it('are fetched eight at a time', () => {
    assert.equal(bench.state.contributions.size, 1000)
    assert.equal(asked().length, 8)
    assert.equal(fetching().length, 8)
  })

  it('take turns by author: none is asked for twice while others wait', () => {
    // None of these can be had, so that each makes room for the next.
    for (let turn = 0; turn < 120; turn++) {
      const [next] = fetching()
      assert.ok(next && fetching().length <= 8)
      bench.feed({ type: 'checkpoint', id: next.contribution.id, reason: UNAVAILABLE })
    }
    const authors = asked().map(({ author }) => toHex(author))
    assert.ok(authors.length > 120)
    // What was asked for at once, before others were known, is not looked at.
    assert.equal(new Set(authors.slice(8)).size, authors.length - 8)
  })

  it('end with as many held as two bases could take, however many could be had', () => {
    for (let entry = fetching()[0]; entry; entry = fetching()[0]) {
      bench.feed({ type: 'checkpoint', id: entry.contribution.id, reason: null })
    }
    const held = [...bench.state.contributions.values()].filter(({ state }) => state === 'held')
    assert.equal(held.length, 2 * PLACES)
  })
})
