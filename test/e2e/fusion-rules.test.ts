import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseRule } from 'coldmesh'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'

const RULE = 'ties/1,density=0.2,step=0.5'
const PLAN = { batch: 8, learningRate: 0.001, maxTokens: 16, steps: 4 }

describe('a network that clips, and then changes its rule', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[]

  before(async () => {
    network = await createTestNetwork({
      members: 3,
      rule: 'clipped-mean/1',
      round: { minContributions: 3, collectMs: 500, graceMs: 300, viewTimeoutMs: 20_000 },
    })
    daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
  })

  after(() => network?.[Symbol.asyncDispose]())

  /** The base of a round on which all agree. */
  async function fused(round: number): Promise<string> {
    const isOf = ({ event, ...of }: Record<string, unknown>) => event === 'fused' && of['round'] === round
    const bases = await Promise.all(daemons.map((daemon) => daemon.event(isOf, `base ${round}`)))
    const [base, ...others] = new Set(bases.map((event) => String(event['base'])))
    assert.ok(base !== undefined && others.length === 0)
    return base
  }

  async function contribute(): Promise<void> {
    await Promise.all(
      daemons.map((daemon, i) => {
        const peer = network.peers[i]
        assert.ok(peer)
        const { data, task } = peer
        return daemon.ask('/v1/join', { data, text: 'text', label: 'label', task, plan: PLAN })
      }),
    )
  }

  it('fuses by each in its rounds, and every round is reproduced', async () => {
    const [first, ...others] = daemons
    assert.ok(first)
    const { id } = await first.ask('/v1/amendments', { fusion: parseRule(RULE) })
    for (const daemon of others) {
      await daemon.event(({ event }) => event === 'approved', 'the proposal')
      await daemon.ask(`/v1/amendments/${id}/approve`, {})
    }
    await contribute()
    await fused(1)
    await contribute()
    await fused(2)
    const { terms } = await first.status()
    assert.equal((terms as { readonly rule: string }).rule, RULE)
    await contribute()
    const base = await fused(3)
    const { rounds } = await first.ask('/v1/rounds')
    assert.ok(Array.isArray(rounds))
    assert.deepEqual(
      rounds.map(({ rule, inputs }) => [rule, inputs.length]),
      [
        [RULE, 3],
        ['clipped-mean/1', 3],
        ['clipped-mean/1', 3],
      ],
    )
    const report = await first.ask('/v1/verify', { base, level: 'full' })
    assert.equal(report['valid'], true, JSON.stringify(report['failures']))
    assert.match(JSON.stringify(report['rounds']), /("reproduced".*){3}/)
  })
})
