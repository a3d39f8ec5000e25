import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Lineage } from '../../../../../protocols/lineage/messages.ts'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { compareBytes, toHex } from '../../../../../protocols/wire/bytes.ts'
import { aggregatorOf, rankCommittee, roundSeed } from '../../../../../protocols/wire/election.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { readLog } from '../../../../../src/peer/history/log.ts'
import type { LogEntry } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { collect } from '../../../../support/history/collect.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'
import { listBy, precommitsBy } from '../../../../support/protocols/messages.ts'
import { testKey } from '../../../../support/protocols/network.ts'

let chain: TestChain
before(async () => {
  chain = await threeRounds()
})

async function logOf({ network, store, entries }: TestChain, round = entries.length): Promise<LogEntry[]> {
  const entry = entries[round - 1]
  assert(entry)
  return await collect(readLog({ network, store, ...entry }))
}

describe('readLog', () => {
  it('gives the rounds newest first, each linked to the next', async () => {
    const log = await logOf(chain)
    assert.deepEqual(
      log.map(({ round }) => round),
      [3, 2, 1],
    )
    assert.deepEqual(
      log.map(({ base }) => base),
      chain.entries.map(({ base }) => String(base)).reverse(),
    )
    assert.deepEqual(
      log.map(({ parent }) => parent),
      [...log.slice(1).map(({ base }) => base), String(chain.network.genesis.base)],
    )
  })

  it('names aggregator, view and rule', async () => {
    const [, empty] = await logOf(chain)
    const { id, members, terms } = chain.network
    const rank = rankCommittee(members, roundSeed(id, 2))
    assert.equal(empty?.view, terms.round.maxViews)
    assert.equal(empty?.aggregator, toHex(aggregatorOf(rank, terms.round.maxViews)))
    assert.equal(empty?.rule, 'mean/1')
  })

  it('lists what was fused and what was left out, with reasons', async () => {
    const [, , first] = await logOf(chain)
    const authors = ['contributor 1', 'contributor 2', 'contributor 3', 'copier', 'idler'].map(testKey)
    const keyOf = new Map(authors.map(({ name, publicKey }) => [toHex(publicKey), name]))
    const fused = first?.inputs.map(({ author }) => keyOf.get(author)).sort() ?? []
    const reasons = first?.excluded.map(({ author, reason }) => [keyOf.get(author), reason]) ?? []
    assert.deepEqual([fused.length, reasons.length], [3, 2])
    assert(reasons.some(([name, reason]) => name === 'idler' && reason === 'no-change'))
    assert(reasons.some(([, reason]) => reason === 'copy'))
    assert.deepEqual(
      [first?.inputs[0]?.task, first?.inputs[0]?.dataset, first?.inputs[0]?.rows],
      ['sentiment', 'reviews', 100],
    )
  })

  it('is empty for the base of the genesis', async () => {
    const { network, store } = chain
    assert.deepEqual(await collect(readLog({ network, store, base: network.genesis.base, certificate: null })), [])
  })

  it('gives what is here before it says what is missing', async () => {
    const base = chain.entries[0]?.base
    assert(base)
    const store = copyStore(chain.store)
    await store.delete(base)
    const seen: number[] = []
    await assert.rejects(
      async () => {
        const newest = chain.entries.at(-1)
        assert(newest)
        for await (const { round } of readLog({ network: chain.network, store, ...newest })) seen.push(round)
      },
      (error) => isColdmeshError(error, 'block-missing') && error.message.includes(String(base)),
    )
    assert.deepEqual(seen, [3, 2])
  })

  it('refuses a base without its certificate', async () => {
    const { network, store, head } = chain
    await assert.rejects(collect(readLog({ network, store, base: head.base, certificate: null })), (error) =>
      isColdmeshError(error, 'not-valid'),
    )
  })

  it('refuses a round whose signatures do not hold', async () => {
    const bad = await addRound(chain, {
      seeds: [11, 12],
      lie: { lineage: (honest) => ({ ...honest, lists: honest.lists.slice(1) }) },
    })
    await assert.rejects(logOf(bad), (error) => isColdmeshError(error, 'not-valid') && /lineage/.test(error.message))
  })

  it('refuses a round that does not follow the one before it', async () => {
    const { base: parent, weights } = chain.head
    const lists = chain.net.members.slice(0, 3).map((member) => listBy(member, chain.net, [], { round: 9, parent }))
    lists.sort((a, b) => compareBytes(a.message.author, b.message.author))
    const envelopes = lists.map(({ envelope }) => envelope)
    const lineage = (honest: Lineage) => ({ ...honest, round: 9, lists: envelopes, inputs: [], weights })
    const skipping = await addRound(chain, { seeds: [], lie: { lineage } })
    const { network, store, net, head } = skipping
    const vote = { network: network.id, round: 9, view: 4, base: head.base }
    const certificate = certify(precommitsBy(net.members.slice(0, 3), vote), 3)
    const seen: number[] = []
    await assert.rejects(
      async () => {
        for await (const { round } of readLog({ network, store, base: head.base, certificate })) seen.push(round)
      },
      (error) => isColdmeshError(error, 'not-valid') && /wrong-round/.test(error.message),
    )
    assert.deepEqual(seen, [9])
  })

  it('reads no weights', async () => {
    const store = copyStore(chain.store)
    const newest = chain.entries.at(-1)
    assert(newest)
    await collect(readLog({ network: chain.network, store, ...newest }))
    const { weights } = await openBase(newest.base, chain.store.get)
    assert(!store.asked.includes(String(weights.cid)))
    assert.equal(store.asked.length, 6)
  })
})
