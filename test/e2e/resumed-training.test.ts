import assert from 'node:assert/strict'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

const STEPS = 300
const ARGS = ['--steps', String(STEPS), '--evaluate-every', '100', '--patience', '0', '--snapshot-every', '0.05']

const is = (kind: string) => (event: DaemonEvent) => event.event === kind

// docs/reliability.md: a contributor that is killed (-9) while it trains.
describe('a contributor killed while it trains', () => {
  it('goes on from its last snapshot when started again, and announces the same weights as one that was not', async () => {
    await using network = await createTestNetwork({ members: 1, round: { collectMs: 60_000 } })
    const [peer] = network.peers
    assert.ok(peer)
    const spared = { ...peer, name: 'spared', dataDir: join(network.dir, 'spared') }
    await cp(peer.dataDir, spared.dataDir, { recursive: true })
    const options = { rounds: 1, args: ARGS }

    const victim = await network.start(peer, options)
    const snapshots = join(peer.dataDir, 'snapshots')
    await victim.event(({ event, step }) => event === 'training' && Number(step) > STEPS / 4, 'some steps')
    victim.kill()
    assert.equal((await victim.ended).signal, 'SIGKILL')
    assert.equal((await readdir(snapshots)).filter((name) => name.endsWith('.snapshot')).length, 1)
    const [back, other] = await Promise.all([network.start(peer, options), network.start(spared, options)])

    const resumed = await back.event(is('resumed'), 'the resumption')
    assert.ok(Number(resumed['step']) > 0 && Number(resumed['step']) < STEPS, JSON.stringify(resumed))
    assert.deepEqual([resumed['round'], resumed['steps'], resumed['task']], [1, STEPS, peer.task])
    const done = async (daemon: typeof back) => [
      await daemon.event(is('trained'), 'the end of training'),
      await daemon.event(is('announced'), 'the announcement'),
    ]
    const [[trained, announced], [trainedAtOnce, announcedAtOnce]] = await Promise.all([done(back), done(other)])
    assert.equal(other.events.find(is('resumed')), undefined)
    assert.equal(announced?.['checkpoint'], announcedAtOnce?.['checkpoint'], 'the same bytes')
    assert.deepEqual([trained?.['steps'], trained?.['after']], [trainedAtOnce?.['steps'], trainedAtOnce?.['after']])
    const steps = back.events.filter(is('training')).map(({ step }) => Number(step))
    assert.ok(Math.min(...steps) > Number(resumed['step']), 'no step was done twice')
    await back.stop()
    assert.deepEqual(await readdir(snapshots), [], 'nothing is left once it is announced')
  })
})
