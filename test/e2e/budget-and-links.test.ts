import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { writeTinyBase } from '../support/e2e/tiny-base.ts'
import { runCli } from '../support/node/cli.ts'

const BUDGET = 16_000_000
const DEADLINE_MS = 120_000

const isTrouble = (what: RegExp) => (event: DaemonEvent) =>
  event.event === 'trouble' && what.test(String(event['what']))
const isOver = (what: RegExp) => (event: DaemonEvent) =>
  event.event === 'trouble-over' && what.test(String(event['what']))

/** One that `--nocopy` takes as it is. */
async function writeCanonicalBase(directory: string): Promise<void> {
  const [tiny, peer] = [`${directory}-tiny`, `${directory}-peer`]
  await writeTinyBase(tiny)
  const { code, stderr } = await runCli(['import', tiny, '--dir', peer, '--out', directory])
  assert.equal(code, 0, stderr)
}

// docs/reliability.md: fault 45, and files that were imported where they are; under real daemons, of which all three must agree.
describe('a round whose members lack room, or have a base of somebody else’s file that changed', () => {
  it('waits, says why, and goes on when there is room and the base was mended from peers', async () => {
    const round = { minContributions: 1, maxContributions: 4, collectMs: 1_000, graceMs: 500, viewTimeoutMs: 2_000 }
    await using network = await createTestNetwork({ members: 3, round, writeBase: writeCanonicalBase })
    const [founder, linker, saver] = network.peers
    assert.ok(founder && linker && saver)
    const base = join(network.dir, 'base')
    const imported = await runCli(['import', base, '--dir', linker.dataDir, '--nocopy', '--json'])
    assert.equal(JSON.parse(imported.stdout).base, network.base, imported.stderr)
    const first = await network.start(founder)
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const [linked, saving] = await Promise.all([
      network.start(linker, { invite }),
      network.start(saver, { invite, args: ['--disk-budget', String(BUDGET)] }),
    ])

    const ballast = join(saver.dataDir, 'blocks', 'ballast')
    await writeFile(ballast, Buffer.alloc(BUDGET, 1))
    const weights = join(base, 'model.safetensors')
    const changed = (await readFile(weights)).map((byte) => byte ^ 1)
    await writeFile(weights, changed)
    const data = join(network.dir, 'late.csv')
    await copyFile(founder.data, data)
    const trainer: TestPeer = {
      ...founder,
      name: 'late',
      key: '',
      dataDir: join(network.dir, 'late'),
      data,
      task: 'own',
    }
    await network.start(trainer, { invite, rounds: 1 })

    const refusal = await saving.event(isTrouble(/^blocks$/), 'a refusal', DEADLINE_MS)
    const says =
      /does not fit: with it blocks would take [\d.]+ MB of the disk budget of 16\.0 MB; 1[67]\.\d MB are used/
    assert.match(String(refusal['reason']), says)
    assert.match(String(refusal['hint']), /--keep-rounds.*--disk-budget.*tried again/)
    const incoming = await readdir(join(saver.dataDir, 'blocks', 'files', 'incoming')).catch(() => [])
    assert.deepEqual(incoming, [], 'nothing of it was fetched')
    const shown = await runCli(['status', '--dir', saver.dataDir])
    assert.match(shown.stdout, says)
    assert.match(shown.stdout, /of a budget of 16 MB/)
    const told = await linked.event(isTrouble(/^weights /), 'its own base', DEADLINE_MS)
    assert.match(`${told['reason']}`, /model\.safetensors was imported with --nocopy, and was changed or removed since/)
    await linked.event(isOver(/^weights /), 'a base that is mended', DEADLINE_MS)

    const daemons: readonly Daemon[] = [first, linked, saving]
    const isBase = ({ event, inputs }: DaemonEvent) => event === 'fused' && Array.isArray(inputs) && inputs.length > 0
    assert.ok(!daemons.some(({ events }) => events.some(isBase)), 'nothing is fused that one of them cannot store')
    await rm(ballast)
    const fused = await Promise.all(daemons.map((daemon) => daemon.event(isBase, 'a base', DEADLINE_MS)))
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
    await saving.event(isOver(/^blocks$/), 'room')
    assert.ok((await readFile(weights)).equals(changed), 'the file of the user is nobody else’s')
    for (const daemon of daemons) assert.deepEqual((await daemon.status())['troubles'], [], daemon.name)
  })
})
