import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createPeer, createTrainer, type JoinEvent, openDataset } from 'coldmesh'
import { contribution, lineage, openEnvelope, parseCid } from 'coldmesh/protocols'
import { createTestNetwork } from '../support/e2e/network.ts'

const LOOPBACK = { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, dht: false }
const PLAN = { steps: 3, batch: 8, learningRate: 1e-3, maxTokens: 16 }

describe('a round trained by TensorFlow.js', () => {
  it('says what trains, in an event, in status and in the contribution', async () => {
    await using network = await createTestNetwork({ members: 1, round: { collectMs: 500, graceMs: 200 } })
    const [founder] = network.peers
    assert.ok(founder)
    const trainer = await createTrainer({ engine: 'tfjs-wasm' })
    try {
      await using peer = await createPeer({ dataDir: founder.dataDir, trainer, ...LOOPBACK })
      const dataset = await openDataset(founder.data, { text: 'text', label: 'label' })
      const joining = peer.join({ dataset, plan: PLAN, signal: AbortSignal.timeout(120_000) })
      const events: JoinEvent[] = []
      for await (const event of joining) events.push(event)
      const { base, rounds } = await joining.result
      assert.deepEqual(
        events.find(({ type }) => type === 'engine'),
        { type: 'engine', round: 1, engine: 'tfjs-wasm', device: 'cpu', passedOver: [] },
      )
      assert.deepEqual(peer.status().trainer, { engine: 'tfjs-wasm', device: 'cpu' })
      assert.equal(rounds[0]?.included, true)

      const out = join(network.dir, 'exported')
      await peer.export(base, { out })
      const { inputs } = lineage.decode(await readFile(join(out, 'lineage.cbor')))
      assert.equal(inputs.length, 1)
      const id = parseCid(network.network)
      assert.ok(id !== null)
      const opened = openEnvelope(inputs[0] ?? new Uint8Array(), [contribution], id)
      assert.ok('message' in opened)
      assert.equal(opened.message.training.trainer, 'tfjs-wasm')
      assert.equal(opened.message.training.device, 'cpu')
    } finally {
      await trainer.stop()
    }
  })
})
