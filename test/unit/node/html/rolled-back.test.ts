import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { collectLineage, type LineageSource } from '../../../../node/html/collect.ts'
import { renderLineage } from '../../../../node/html/page.ts'
import { readLog } from '../../../../src/peer/history/log.ts'
import type { TestChain } from '../../../support/history/build-chain.ts'
import { rolledBackChain } from '../../../support/history/rolled-back.ts'
import { readTags } from '../../../support/node/html-tags.ts'

let chain: TestChain
before(async () => {
  chain = await rolledBackChain()
})

function sourceOf({ network, store, head }: TestChain): LineageSource {
  return {
    network: String(network.id),
    networkName: network.genesis.name,
    head: String(head.base),
    log: () => readLog({ network, store, base: head.base, certificate: head.certificate }),
    reports: async () => [],
    fork: async () => null,
    measure: async () => null,
  }
}

async function pageOf(limit?: number) {
  const options = { signal: new AbortController().signal, ...(limit === undefined ? {} : { limit }) }
  const lineage = await collectLineage(sourceOf(chain), options)
  return { lineage, page: renderLineage(lineage, { version: '1.2.3' }) }
}

describe('the page of a lineage with a rollback', () => {
  it('strikes what was reverted, tells it in words, and leads back to the base that was restored', async () => {
    const { lineage, page } = await pageOf()
    const { tags, text } = readTags(page)
    assert.deepEqual([...lineage.restored], [[String(chain.entries[0]?.base), 1]])
    const reverted = tags.filter(({ attributes }) => attributes.get('class') === 'reverted')
    assert.deepEqual(
      reverted.map(({ name, attributes }) => [name, attributes.get('id')]),
      [
        ['g', undefined],
        ['g', undefined],
        ['details', 'round-2'],
      ],
    )
    assert.match(text, /reverted by round 3/)
    assert.match(text, /Round 3 went back past this one: .* not in these weights/)
    assert.match(text, /rolled back: the weights of round 1/)
    assert.match(text, /done in this round:\s*rolls back to the base/)
    assert.equal(tags.filter(({ attributes }) => attributes.get('class') === 'back').length, 1)
    assert.match(text, /round 3 went back to the weights of round 1/)
  })

  it('counts nothing that was reverted among what is in the weights', async () => {
    const { lineage, page } = await pageOf()
    const { text } = readTags(page)
    assert.match(text, /4\s*contributions in these weights\s*2\s*reverted, not in them/)
    assert.match(text, /4\s*tasks/)
    assert.deepEqual(
      lineage.contributors.map(({ fused, reverted }) => [fused, reverted]).sort(),
      [...Array(4).fill([1, 0]), ...Array(2).fill([0, 1])].sort(),
    )
  })

  it('leads to the older rounds where the restored base is told with them', async () => {
    const { lineage, page } = await pageOf(2)
    assert.deepEqual(
      lineage.folded.map(({ inputs, reverted }) => [inputs, reverted]),
      [[2, 2]],
    )
    const { text } = readTags(page)
    assert.match(text, /round 3 went back to the weights of round 1/)
    assert.match(text, /4\s*contributions in these weights\s*2\s*reverted/)
  })
})
