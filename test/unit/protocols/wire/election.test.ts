import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { fromHex, toHex } from '../../../../protocols/wire/bytes.ts'
import {
  aggregatorOf,
  faultsOf,
  lotteryTicket,
  type QuorumKind,
  quorumOf,
  rankCommittee,
  roundSeed,
} from '../../../../protocols/wire/election.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

interface ElectionVectors {
  readonly network: string
  readonly committee: readonly string[]
  readonly quorums: readonly { members: number; kind: QuorumKind; quorum: number; faults: number }[]
  readonly rounds: readonly {
    readonly round: number
    readonly seed: string
    readonly rank: readonly string[]
    readonly aggregators: readonly { view: number; key: string }[]
    readonly tickets: readonly { author: string; ticket: string }[]
  }[]
}

const bytes = (hex: string) => fromHex(hex) ?? assert.fail(`not hex: ${hex}`)
const vectors = readVectors<ElectionVectors>('wire/election.v1.json')
const network = CID.parse(vectors.network)
const committee = vectors.committee.map(bytes)

describe('election', () => {
  for (const { round, seed, rank, aggregators, tickets } of vectors.rounds) {
    it(`gives the seed, rank and tickets of the vectors in round ${round}`, () => {
      assert.equal(toHex(roundSeed(network, round)), seed)
      const ranked = rankCommittee(committee, bytes(seed))
      assert.deepEqual(ranked.map(toHex), rank)
      for (const { view, key } of aggregators) assert.equal(toHex(aggregatorOf(ranked, view)), key)
      for (const { author, ticket } of tickets) assert.equal(toHex(lotteryTicket(bytes(author), bytes(seed))), ticket)
    })
  }

  it('ranks every member once, in whatever order the committee is written', () => {
    const seed = roundSeed(network, 5)
    const rank = rankCommittee(committee, seed).map(toHex)
    assert.deepEqual(rankCommittee(committee.toReversed(), seed).map(toHex), rank)
    assert.deepEqual([...rank].sort(), [...vectors.committee].sort())
  })

  it('gives every member its turn within as many views as there are members', () => {
    const rank = rankCommittee(committee, roundSeed(network, 1))
    const turns = new Set(committee.map((_, view) => toHex(aggregatorOf(rank, view))))
    assert.equal(turns.size, committee.length)
  })
})

describe('quorumOf', () => {
  it('gives every quorum of the vectors', () => {
    for (const { members, kind, quorum, faults } of vectors.quorums) {
      assert.equal(quorumOf(members, kind), quorum)
      assert.equal(faultsOf(members, kind), faults)
    }
  })

  it('lets any two byzantine quorums share a member that is not faulty', () => {
    for (let n = 1; n <= 64; n++) {
      const faulty = Math.floor((n - 1) / 3)
      assert.ok(2 * quorumOf(n, 'byzantine') - n > faulty, `${n} members`)
      assert.ok(faultsOf(n, 'byzantine') <= faulty, `${n} members`)
    }
  })

  it('lets any two crash quorums share a member', () => {
    for (let n = 1; n <= 64; n++) assert.ok(2 * quorumOf(n, 'crash') - n >= 1, `${n} members`)
  })
})
