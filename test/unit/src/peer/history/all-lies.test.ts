import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openNetwork } from '../../../../../src/peer/history/genesis.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { allLies } from '../../../../support/lies/lies.ts'

/** Of every lie that we know; `test/reference/verifier` has a second verifier judge them too. */

const lies = await Array.fromAsync(allLies())

describe('verifyBase of every lie', () => {
  it('has many to look at, each under a name of its own', () => {
    assert.ok(lies.length > 200)
    assert.equal(new Set(lies.map(({ name }) => name)).size, lies.length)
  })

  for (const { name, chain, certificate, round, link, reason = '', foundAt } of lies) {
    it(`names it, where its level looks: ${name}`, async () => {
      const { net, store, entries } = chain
      const newest = entries.at(-1)
      const network = openNetwork(net.bytes)
      if ('link' in network) return assert.equal(network.link, link)
      const base = newest?.base ?? net.genesis.base
      const own = certificate === undefined ? (newest?.certificate ?? null) : certificate
      for (const level of ['signatures', 'full'] as const) {
        const report = await verifyBase({ network, store, base, certificate: own, level })
        if (level === 'signatures' && foundAt !== 'signatures') {
          assert.ok(report.valid)
          continue
        }
        const [first] = report.failures
        assert.equal(report.valid, false)
        assert.equal(first?.round, round)
        assert.ok(first?.link.startsWith(link ?? ''), `${first?.link}: ${first?.reason}`)
        assert.ok(first.reason.startsWith(reason), first.reason)
      }
    })
  }
})
