import assert from 'node:assert/strict'
import { copyFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { lineage as lineageDeclaration } from '../../protocols/lineage/messages.ts'
import { parseCid } from '../../protocols/wire/bytes.ts'
import { openBase } from '../../src/checkpoint/base.ts'
import { inputsOf } from '../../src/peer/lineage-inputs.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { storedBlocks } from '../support/e2e/stored-blocks.ts'
import { runCli } from '../support/node/cli.ts'

const KEPT = 2
const ROUNDS = 6
const SWEPT_WITHIN_MS = 60_000
const fusedIn = (round: number) => (event: DaemonEvent) => event.event === 'fused' && event['round'] === round
const endOf =
  (round: number) =>
  ({ event, round: of }: DaemonEvent) =>
    (event === 'fused' || event === 'synced') && Number(of) >= round

// docs/reliability.md: fault 50. Two members keep what the network asks for, the third keeps all.
describe(`a network of three that keeps ${KEPT} rounds`, () => {
  let network: TestNetwork
  let daemons: readonly Daemon[] = []
  let bases: readonly string[] = []
  let invite: string
  const dirOf = (i: number) => network.peers[i]?.dataDir ?? ''
  const daemonOf = (i: number): Daemon => {
    const daemon = daemons[i]
    assert.ok(daemon)
    return daemon
  }

  before(async () => {
    const round = { minContributions: 2, collectMs: 500, graceMs: 200, viewTimeoutMs: 5_000, keepRounds: KEPT }
    network = await createTestNetwork({ members: 3, quorum: 'crash', round })
    daemons = await network.startAll(({ name }) => ({
      rounds: name === 'cleo' ? 0 : ROUNDS,
      args: ['--check-store', '1', ...(name === 'cleo' ? ['--keep-rounds', 'all'] : [])],
    }))
    invite = String((await daemonOf(0).event(({ event }) => event === 'ready', 'ready'))['invite'])
    for (const daemon of daemons) await daemon.event(endOf(ROUNDS), `round ${ROUNDS}`, 120_000)
    bases = Array.from({ length: ROUNDS }, (_, i) => String(daemonOf(2).events.find(fusedIn(i + 1))?.['base']))
  })
  after(async () => {
    await network?.[Symbol.asyncDispose]()
  })

  it('has the weights of the last rounds on the disk and those of older ones no more, but for who keeps all', async () => {
    for (const [i, keepsAll] of [false, false, true].entries()) {
      const expected = bases.map((_, index) => {
        const round = index + 1
        return { base: keepsAll || round >= ROUNDS - KEPT, inputs: keepsAll || round > ROUNDS - KEPT }
      })
      await holds(daemonOf(i), expected)
    }
  })

  it('does not grow on the disk any more', async () => {
    const dropped = daemonOf(0).events.filter(({ event }) => event === 'dropped')
    assert.ok(dropped.length >= ROUNDS - KEPT - 1, JSON.stringify(dropped))
    // A base and two inputs of a megabyte each for every round; the directory of who keeps all shows what it would be.
    const [bounded, all] = [await bytesOf(dirOf(0)), await bytesOf(dirOf(2))]
    const { store } = await daemonOf(0).status()
    const { bytes, keepRounds } = Object(store)
    assert.equal(keepRounds, KEPT)
    // Headers, indexes and what was deleted of packed files come to it.
    const onDisk = await bytesOf(join(dirOf(0), 'blocks'))
    assert.ok(bytes <= onDisk && onDisk < 2 * bytes + 10_000_000, `${bytes} of ${onDisk} bytes`)
    const model = await modelBytes(dirOf(0), network.base)
    assert.ok(all - bounded >= 2 * (ROUNDS - KEPT) * model, `${bounded} of ${all} bytes`)
    assert.ok(bounded < (3 * (KEPT + 1) + 1) * model + 2_000_000, `${bounded} bytes`)
    const { stdout } = await runCli(['status', '--dir', dirOf(0)])
    assert.match(stdout, /^store {4}[\d.]+ MB on the disk, weights of 2 rounds; last dropped: [\d.]+ MB of rounds? \d/m)
  })

  it('fetches nothing of it again, and has no trouble', async () => {
    for (const daemon of daemons) {
      assert.deepEqual((await daemon.status())['troubles'], [])
      const told = daemon.events.filter(({ event }) => event === 'repaired' || event === 'trouble')
      assert.deepEqual(told, [], daemon.name)
    }
  })

  it('verifies: signatures all the way, the last rounds by fusing them again, all rounds where all is kept', async () => {
    const head = bases[ROUNDS - 1] ?? ''
    const fusionsOf = (stdout: string) => {
      const report: { rounds: readonly { round: number; fusion: string }[] } = JSON.parse(stdout)
      return report.rounds.toSorted((a, b) => a.round - b.round).map(({ fusion }) => fusion)
    }
    const signatures = await runCli(['verify', head, '--dir', dirOf(0), '--level', 'signatures', '--json'])
    assert.equal(signatures.code, 0, signatures.stdout)
    const full = await runCli(['verify', head, '--dir', dirOf(0), '--level', 'full', '--json'])
    assert.equal(full.code, 4, full.stdout)
    const expected = bases.map((_, i) => (i + 1 > ROUNDS - KEPT ? 'reproduced' : 'unavailable'))
    assert.deepEqual(fusionsOf(full.stdout), expected)
    const complete = await runCli(['verify', head, '--dir', dirOf(2), '--level', 'full', '--json'])
    assert.equal(complete.code, 0, complete.stdout)
  })

  it('lets a newcomer in, who goes on with one of them that was killed', async () => {
    daemonOf(1).kill()
    await daemonOf(1).ended
    const ben = network.peers[1]
    assert.ok(ben)
    const again = await network.start(ben, { rounds: 1, args: ['--check-store', '1'] })
    const data = join(network.dir, 'late.csv')
    await copyFile(ben.data, data)
    const newcomer: TestPeer = { ...ben, name: 'late', key: '', dataDir: join(network.dir, 'late'), data, task: 'own' }
    const late = await network.start(newcomer, { invite, rounds: 1 })
    for (const daemon of [late, again, daemonOf(0), daemonOf(2)]) {
      const { inputs } = await daemon.event(fusedIn(ROUNDS + 1), `round ${ROUNDS + 1}`, 90_000)
      assert.equal(Array.isArray(inputs) && inputs.length, 2)
    }
    const { base } = await late.event(fusedIn(ROUNDS + 1), 'its round')
    bases = [...bases, String(base)]
    await holds(
      again,
      bases.map((_, i) => ({ base: i + 1 > ROUNDS - KEPT, inputs: i > ROUNDS - KEPT })),
    )
    assert.deepEqual((await again.status())['troubles'], [])
  })

  it('refuses to keep fewer rounds than the network asks for', async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()))
    const args = ['daemon', '--dir', dirOf(0), '--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']
    const { code, stderr } = await runCli([...args, '--keep-rounds', '1'])
    assert.equal(code, 2, stderr)
    assert.match(stderr, /keep 2 rounds: 1 are too few/)
    assert.equal((await runCli([...args, '--keep-rounds', 'some'])).code, 2)
  })

  /** What others are downloading stays for a while, and is looked at again: until a daemon's directory is as expected. */
  async function holds(daemon: Daemon, expected: readonly { base: boolean; inputs: boolean }[]): Promise<void> {
    for (;;) {
      const { length } = daemon.events
      const here = await Promise.all(bases.map((base) => weightsHere(daemon.dataDir, base)))
      if (isDeepStrictEqual(here, expected)) return
      const isMore = (event: DaemonEvent) => event.event === 'dropped' && daemon.events.indexOf(event) >= length
      const what = `${JSON.stringify(expected)} where ${JSON.stringify(here)} is`
      await daemon.event(isMore, what, SWEPT_WITHIN_MS)
    }
  }

  /** Whether a base's weights are here, and those of all its inputs; null when some are. */
  async function weightsHere(dataDir: string, base: string): Promise<{ base: boolean; inputs: boolean | null }> {
    const blocks = storedBlocks(dataDir)
    const isHere = blocks.has
    const [directory, id] = [parseCid(base), parseCid(network.network)]
    assert.ok(directory && id)
    const opened = await openBase(directory, blocks.read)
    assert.ok(opened.lineage)
    const inputs = inputsOf(lineageDeclaration.decode(await blocks.read(opened.lineage)), id)
    const here = await Promise.all(inputs.map(({ message }) => isHere(message.checkpoint)))
    const all = here.every(Boolean) ? true : here.some(Boolean) ? null : false
    return { base: await isHere(opened.weights.cid), inputs: all }
  }
})

async function modelBytes(dataDir: string, base: string): Promise<number> {
  const cid = parseCid(base)
  assert.ok(cid)
  return (await openBase(cid, storedBlocks(dataDir).read)).weights.bytes
}

async function bytesOf(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    // What is being made or deleted may be gone by now.
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0
  }
  return bytes
}
