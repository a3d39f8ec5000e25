import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCanonical, encodeCanonical, idOf } from '../../../../protocols/wire/codec.ts'
import { memoryNetwork } from '../../../../src/adapters/memory/network.ts'
import { openGenesis } from '../../../../src/peer/genesis.ts'
import { otherVersionOf } from '../../../../src/peer/newer-version.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { addRound, startChain } from '../../../support/history/build-chain.ts'
import { createFollowing } from '../../../support/peer/following.ts'
import { serveChain, startMemoryPeer } from '../../../support/peer/memory-peer.ts'
import { ratifiedBy } from '../../../support/protocols/amendments.ts'
import { testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()

/** The genesis with some of its fields changed, as a version to come may write it. */
function changed(fields: object): Uint8Array {
  const value = decodeCanonical(net.bytes, 100_000)
  assert.ok(typeof value === 'object' && value !== null)
  return encodeCanonical({ ...value, ...fields })
}

const open = (bytes: Uint8Array) => () => openGenesis(idOf(bytes), bytes)

// fault 84
describe('what a newer version made', () => {
  it('is named, with what to do: a genesis of another version, and one of a rule that is not known', () => {
    assert.throws(
      open(changed({ kind: 'genesis/2', extra: 1 })),
      (error) =>
        isColdmeshError(error, 'unsupported') && /genesis\/2/.test(error.message) && /Update/.test(error.hint ?? ''),
    )
    assert.throws(
      open(changed({ fusion: { rule: 'median/2', params: {} } })),
      (error) => isColdmeshError(error, 'unsupported') && /mean\/1, .* only/.test(error.message),
    )
    assert.throws(open(changed({ kind: 'lineage/1' })), (error) => isColdmeshError(error, 'not-valid'))
  })

  it('is told apart from what is no object of ours', () => {
    const kindIs = (kind: unknown) => otherVersionOf('lineage/1', encodeCanonical({ kind }), 1000)
    assert.deepEqual(['lineage/2', 'lineage/1', 'genesis/2', 'lineage', 7, null].map(kindIs), [
      'lineage/2',
      null,
      null,
      null,
      null,
      null,
    ])
    assert.equal(otherVersionOf('lineage/1', Uint8Array.of(0xff), 1000), null)
    assert.equal(otherVersionOf('lineage/1', encodeCanonical({ kind: 'lineage/2' }), 3), null)
  })

  it('is not followed when a quorum certified it: the head stays, and people are told why', async () => {
    const start = await startChain()
    const fusion = { rule: 'median/2', params: {} }
    const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, { fusion })
    const theirs = await addRound(start, { lie: { lineage: (told) => ({ ...told, amendment }) } })
    const mesh = memoryNetwork()
    await serveChain(mesh, 'them', theirs)
    const peer = startMemoryPeer({ mesh, name: 'me', chain: start })
    const follower = createFollowing({
      context: peer.context,
      head: () => start.head,
      enter: () => assert.fail('it follows'),
      onSplit: async () => assert.fail('nobody parted'),
    })
    await follower.follow('them')
    assert.deepEqual(peer.chain.entries, [])
    const [trouble] = peer.context.troubles.current
    assert.equal(trouble?.what, 'version')
    assert.match(trouble?.reason ?? '', /not known to this version: .*unsupported-rule/)
    assert.match(trouble?.hint ?? '', /votes for nothing that it does not understand/)
  })
})
