import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createPeer, type JoinEvent, openDataset } from 'coldmesh'
import { createTestNetwork } from '../support/e2e/network.ts'

const LOOPBACK = { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, dht: false }
const PLAN = { steps: 4, batch: 8, learningRate: 1e-3, maxTokens: 16 }

// The README's example: a member and a stranger with an invite, in one process.
describe('the library', () => {
  it('joins a round from nothing but an invite, tells what happens, and verifies the base', async () => {
    await using network = await createTestNetwork({ members: 1, round: { collectMs: 3_000, graceMs: 2_000 } })
    const [founder] = network.peers
    assert.ok(founder)
    await using member = await createPeer({ dataDir: founder.dataDir, ...LOOPBACK })
    await using peer = await createPeer({
      dataDir: join(network.dir, 'stranger'),
      network: member.invite(),
      ...LOOPBACK,
    })
    assert.equal(peer.status().member, null)

    const joining = peer.join({
      dataset: await openDataset(founder.data, { text: 'text', label: 'label' }),
      plan: PLAN,
      recipe: 'auto',
      signal: AbortSignal.timeout(120_000),
    })
    const types = new Set<JoinEvent['type']>()
    for await (const event of joining) types.add(event.type)
    for (const type of ['plan', 'training', 'trained', 'announced', 'listed', 'fused', 'outcome'] as const)
      assert.ok(types.has(type), type)

    const { base, rounds } = await joining.result
    assert.deepEqual(
      rounds.map(({ round, included }) => ({ round, included })),
      [{ round: 1, included: true }],
    )
    const report = await peer.verify(base)
    assert.deepEqual(report.failures, [])
    assert.ok(report.valid && report.certified && report.rounds.every(({ fusion }) => fusion === 'reproduced'))
    const newest = await Array.fromAsync(peer.log())
    assert.deepEqual(
      newest.map(({ inputs }) => inputs.map(({ author }) => author)),
      [[peer.key]],
    )
  })
})
