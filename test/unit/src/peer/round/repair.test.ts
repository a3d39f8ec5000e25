import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryNetwork } from '../../../../../src/adapters/memory/network.ts'
import { createRepair } from '../../../../../src/peer/round/repair.ts'
import { startChain } from '../../../../support/history/build-chain.ts'
import { startMemoryPeer } from '../../../../support/peer/memory-peer.ts'

describe('createRepair', () => {
  it('asks everybody who is there when it starts, and whoever comes, at once', async () => {
    const mesh = memoryNetwork()
    const peer = startMemoryPeer({ mesh, name: 'self', chain: await startChain('repair') })
    using stack = new DisposableStack()
    stack.defer(() => peer.stop())
    const others = ['ada', 'ben', 'cleo'].map((name) => mesh.join(name))
    const asked: string[] = []
    const loop = { state: { network: peer.context.termsAt(1) }, syncWith: async (id: string) => void asked.push(id) }
    const repair = createRepair(peer.context, loop, async () => {})
    stack.defer(() => repair.stop())
    repair.start()
    await repair.synced
    assert.deepEqual(asked.toSorted(), others.map(({ mesh }) => mesh.self).toSorted())
    const late = mesh.join('dan')
    assert.equal(asked.at(-1), late.mesh.self)
  })
})
