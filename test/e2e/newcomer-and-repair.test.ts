import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BIN } from '../../node/package-root.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { partsOf, type StoredBlocks, storedBlocks } from '../support/e2e/stored-blocks.ts'

const MEMBER_ROUNDS = 2
const CHECK = ['--check-store', '1']

const fusedIn = (round: number) => (event: DaemonEvent) => event.event === 'fused' && event['round'] === round

// Members contribute to two rounds and then wait: round 3 is the newcomer's.
describe('a network of four after two rounds', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[] = []
  let newcomer: TestPeer
  let fifth: Daemon
  let bases: readonly string[] = []
  let stored: StoredBlocks

  before(async () => {
    const round = { minContributions: 1, collectMs: 2_000, graceMs: 500, viewTimeoutMs: 3_000 }
    network = await createTestNetwork({ members: 4, round })
    daemons = await network.startAll(() => ({ rounds: MEMBER_ROUNDS, args: CHECK }))
    const [first, founder] = [daemons[0], network.peers[0]]
    assert.ok(first && founder)
    await first.event(fusedIn(MEMBER_ROUNDS), 'the base of round 2', 90_000)
    const dataDir = join(network.dir, 'fifth')
    const data = join(network.dir, 'fifth.csv')
    await copyFile(founder.data, data)
    newcomer = { ...founder, name: 'fifth', key: '', dataDir, data, task: 'of-its-own' }
  })
  after(async () => {
    await network[Symbol.asyncDispose]()
  })

  it('lets a fifth peer in with nothing but the invite: it checks the history, contributes to round 3 and is in the base', async () => {
    const [first] = daemons
    assert.ok(first)
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    fifth = await network.start(newcomer, { invite, rounds: 1, args: CHECK })
    const { id, round } = await fifth.event(({ event }) => event === 'announced', 'its contribution')
    assert.equal(round, MEMBER_ROUNDS + 1)
    const fused = await Promise.all(
      [...daemons, fifth].map((daemon) => daemon.event(fusedIn(3), 'the base of round 3')),
    )
    for (const { base, inputs } of fused) {
      assert.equal(base, fused[0]?.['base'])
      assert.deepEqual(inputs, [id])
    }
    bases = [1, 2, 3].map((of) => String(first.events.find(fusedIn(of))?.['base']))
    // It was never there for rounds 1 and 2, and has the proof that they were as they should be.
    const synced = fifth.events.filter(({ event }) => event === 'synced')
    assert.deepEqual(
      synced.map((event) => [event['round'], event['base']]),
      [[2, bases[1]]],
    )
    const report = await verify(String(bases[2]), newcomer.dataDir, network.network)
    assert.deepEqual([report.code, report.rounds], [0, 3], report.out)
  })

  // docs/reliability.md: fault 43 (a flipped byte on the disk).
  it('repairs a flipped byte from peers while the daemon runs, and says of which round and file it was', async () => {
    stored = storedBlocks(newcomer.dataDir)
    const [two, three] = [
      await partsOf(String(bases[1]), network.network, stored),
      await partsOf(String(bases[2]), network.network, stored),
    ]
    // A member keeps checkpoints of others. A base of one input has its weights.
    const [member, itsDir] = [daemons[0], network.peers[0]?.dataDir]
    assert.ok(member && itsDir)
    const itsBlocks = storedBlocks(itsDir)
    const checkpoint = await (await partsOf(String(bases[1]), network.network, itsBlocks)).checkpoint()
    const damaged = [
      [fifth, stored, await three.weights(), /^model\.safetensors of round 3$/],
      [fifth, stored, two.lineage, /^lineage\.cbor of round 2$/],
      [fifth, stored, two.directory, /^the directory of round 2$/],
      [member, itsBlocks, checkpoint, /^(the checkpoint of contribution \w+ to|model\.safetensors of) round 2$/],
    ] as const
    for (const [daemon, blocks, cid, place] of damaged) {
      await blocks.rot(cid)
      const isRepair = ({ event, cid: of }: DaemonEvent) => event === 'repaired' && of === String(cid)
      const repaired = await daemon.event(isRepair, `the repair of ${place}`)
      assert.match(String(repaired['place']), place)
      assert.ok(await blocks.isWhole(cid))
    }
    assert.deepEqual((await fifth.status())['troubles'], [])
  })

  it('repairs what it needs to start, too', async () => {
    const { lineage } = await partsOf(String(bases[2]), network.network, stored)
    await fifth.stop()
    await stored.rot(lineage)
    fifth = await network.start(newcomer, { args: CHECK })
    assert.equal((await fifth.status())['base'], bases[2])
    assert.ok(await stored.read(lineage))
  })

  it('says exactly what is lost, and what to do, when nobody has it', async () => {
    const { lineage } = await partsOf(String(bases[0]), network.network, stored)
    for (const { dataDir } of [...network.peers, newcomer]) await storedBlocks(dataDir).rot(lineage)
    const what = `block ${lineage}`
    const trouble = await fifth.event(({ event, what: of }) => event === 'trouble' && of === what, 'the loss')
    assert.match(String(trouble['reason']), /lineage\.cbor of round 1 is lost here, and no peer gives it/)
    assert.match(String(trouble['hint']), /--peer.*backup/)
    const { troubles, phase } = await fifth.status()
    assert.match(JSON.stringify(troubles), new RegExp(`${lineage}.*lineage.cbor of round 1`))
    assert.notEqual(phase, 'syncing', 'it goes on')
  })
})

function verify(base: string, dataDir: string, trust: string): Promise<{ code: number; rounds: number; out: string }> {
  return new Promise((resolve) => {
    const args = ['verify', base, '--dir', dataDir, '--trust', trust, '--level', 'signatures', '--json']
    const child = execFile(process.execPath, [BIN, ...args], (_error, stdout, stderr) => {
      const isReport = stdout.startsWith('{')
      resolve({
        code: child.exitCode ?? -1,
        rounds: isReport ? JSON.parse(stdout).rounds.length : 0,
        out: stdout + stderr,
      })
    })
  })
}
