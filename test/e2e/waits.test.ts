import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseCid } from 'coldmesh/protocols'
import type { CID } from 'multiformats/cid'
import { formatInvite } from '../../protocols/membership/invite.ts'
import { nullLog } from '../../src/adapters/memory/log.ts'
import { paths } from '../../src/peer/data-dir.ts'
import { createContentStore } from '../../src/peer/store/content-store.ts'
import type { PendingWait } from '../../src/peer/types.ts'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

const NOBODY = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWGRUfPoqr5DFv1kVpc7Xqwpp8nNUyQ6MhwHQ3F3uhcLQf'
const LOOK_MS = 200
/** For machines that do much else at the time. */
const DEADLINE_MS = 100_000
const PATIENT = ['--join-timeout', '150']

/** The wait for `what` as `status --json` tells it, once the daemon answers. */
async function waitOf(daemon: Daemon, what: string): Promise<{ wait: PendingWait; phase: unknown }> {
  for (const deadline = Date.now() + DEADLINE_MS; ; ) {
    const status = await daemon.status().catch(() => null)
    const waits: unknown = status?.['waits']
    const wait = Array.isArray(waits) ? waits.find((one: PendingWait) => one.what === what) : undefined
    if (status !== null && wait !== undefined) return { wait, phase: status['phase'] }
    if (Date.now() > deadline) throw new Error(`no wait for ${what}: ${JSON.stringify(status)}`)
    // A file appears, and a list changes: nothing tells of either.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

const isRecent = (ms: number) => Date.now() - ms < DEADLINE_MS && ms <= Date.now() + 1000

describe('status of a daemon that waits', () => {
  it('says for what, for whom, since when and until when: without its genesis, its base, its peers', async () => {
    await using network = await createTestNetwork({ members: 2, quorum: 'crash' })
    const [founder, other] = network.peers
    const genesis = parseCid(network.network)
    assert.ok(founder && other && genesis)

    const invite = formatInvite({ network: genesis, addresses: [NOBODY] })
    const newcomer = { ...other, name: 'newcomer', dataDir: join(network.dir, 'newcomer') }

    const lost = network.launch(newcomer, { invite, args: PATIENT })
    const noGenesis = await waitOf(lost, 'genesis')
    assert.deepEqual(
      [noGenesis.phase, noGenesis.wait.which, noGenesis.wait.whom],
      ['starting', network.network, [NOBODY]],
    )
    assert.ok(isRecent(noGenesis.wait.sinceMs) && Number(noGenesis.wait.untilMs) > Date.now())
    const shown = await runCli(['status', '--dir', lost.dataDir])
    assert.match(shown.stdout, /starting\nwaits for genesis \(.* from .*: for .*, at most .* more/)
    const refused = await runCli(['log', '--dir', lost.dataDir])
    assert.match(refused.stderr, /has not found its network yet/)
    await lost.stop()

    await copyGenesis(genesis, founder.dataDir, other.dataDir)
    const halfway = network.launch(other, { invite, args: PATIENT })
    const noBase = await waitOf(halfway, 'base')
    assert.deepEqual(
      [noBase.phase, noBase.wait.which, noBase.wait.whom],
      ['starting', `of round 0, ${network.base}`, [NOBODY]],
    )
    assert.ok(isRecent(noBase.wait.sinceMs) && Number(noBase.wait.untilMs) > Date.now())
    await halfway.stop()

    const noPeers = await waitOf(network.launch(founder), 'peers')
    assert.deepEqual([noPeers.wait.whom, noPeers.wait.untilMs], [[other.name], null])
    assert.ok(isRecent(noPeers.wait.sinceMs))
  })
})

/** So that a data directory has the genesis, and not its base. */
async function copyGenesis(genesis: CID, from: string, to: string): Promise<void> {
  const source = await createContentStore({ dir: paths.blocks(from), node: null, log: nullLog })
  const target = await createContentStore({ dir: paths.blocks(to), node: null, log: nullLog })
  await target.put(genesis, await source.get(genesis))
  await source.stop()
  await target.stop()
}
