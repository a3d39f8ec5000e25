import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readChain } from '../../src/peer/chain.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

const isReady = ({ event }: DaemonEvent) => event === 'ready'
const isFused = ({ event }: DaemonEvent) => event === 'fused'
const isSplit = ({ event }: DaemonEvent) => event === 'split'

// fault 83: a whole committee runs twice, as restored copies or liars do, and certifies two bases of one round.
describe('a committee that certifies two bases of one round', () => {
  it('is found out by whoever meets both: it keeps its base, names them, speaks no more and remembers, and so do they', async () => {
    const round = { minContributions: 1, collectMs: 500, graceMs: 200, viewTimeoutMs: 30_000 }
    await using network = await createTestNetwork({ members: 2, round })
    const [ada, ben] = network.peers
    assert.ok(ada && ben)
    const copies = [await copyOf(network, ada), await copyOf(network, ben)] as const
    const eve = await network.stranger('eve')

    const [daemons, invite] = await certify(network, [ada, ben], 'first')
    const follower = await network.start(eve, { invite })
    const [kept] = await Promise.all([baseOf(follower), ...daemons.map(baseOf)])
    await Promise.all([...daemons, follower].map((daemon) => daemon.stop()))

    const [others] = await certify(network, copies, 'second')
    const other = await baseOf(others[0])
    assert.notEqual(other, kept)
    const [address] = (await others[0].event(isReady, 'ready'))['multiaddrs'] as readonly string[]
    const again = await network.start(eve, { args: ['--peer', String(address)] })
    const met = await again.event(isSplit, 'the split')
    assert.deepEqual([met['round'], met['base'], met['other']], [1, kept, other])
    const members = met['members'] as readonly string[]
    assert.deepEqual(members.toSorted(), ['ada', 'ben'])
    for (const { key } of [ada, ben])
      await again.event(
        ({ event, author }) => event === 'evidence' && author === key,
        'evidence of both precommits in one view',
      )
    const { split } = await again.status()
    assert.deepEqual(split, { round: 1, base: kept, other, members, seenMs: met['seenMs'] })
    const text = await runCli(['status', '--dir', eve.dataDir])
    assert.match(text.stdout, /SPLIT/)

    // A member that meets it signs nothing any more.
    const seen = await others[0].event(isSplit, 'the split, as a member of the other side sees it')
    assert.deepEqual([seen['base'], seen['other']], [other, kept])
    assert.match(String((await others[0].status())['muted']), /two certified bases of round 1/)

    await again.stop()
    const remembers = await network.start(eve)
    assert.deepEqual((await remembers.status())['split'], split)
    await remembers.stop()
    const { entries } = await readChain(join(eve.dataDir, 'chain'))
    assert.deepEqual(
      entries.map(({ base }) => String(base)),
      [kept],
    )
  })
})

async function copyOf(network: TestNetwork, peer: TestPeer): Promise<TestPeer> {
  const dataDir = join(network.dir, `${peer.name}-copy`)
  await cp(peer.dataDir, dataDir, { recursive: true })
  return { ...peer, dataDir }
}

/** Both members, and a contribution of the one or the other. */
async function certify(
  network: TestNetwork,
  [one, two]: readonly [TestPeer, TestPeer],
  contributor: 'first' | 'second',
): Promise<readonly [readonly [Daemon, Daemon], string]> {
  const first = await network.start(one, { rounds: contributor === 'first' ? 1 : 0 })
  const invite = String((await first.event(isReady, 'ready'))['invite'])
  const second = await network.start(two, { invite, rounds: contributor === 'second' ? 1 : 0 })
  return [[first, second], invite]
}

const baseOf = async (daemon: Daemon) => (await daemon.event(isFused, 'the base of round 1'))['base']
