import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { initDataDir } from 'coldmesh'
import { report } from '../../../protocols/report/messages.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Daemon } from '../../support/e2e/daemon.ts'
import { type Gossiper, startGossiper } from '../../support/e2e/gossiper.ts'
import { createTestNetwork } from '../../support/e2e/network.ts'
import { runCli, startCli } from '../../support/node/cli.ts'
import { testCid } from '../../support/protocols/network.ts'

const inviteOf = async (daemon: Daemon) =>
  String((await daemon.event(({ event }) => event === 'ready', 'ready'))['invite'])

/** The objects that a command prints. */
async function run(...args: readonly string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCli([...args, '--json'])
  assert.equal(code, 0, stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** A report as its author would sign it, changed. */
function payload({ network, key }: Gossiper, changes: Readonly<Record<string, unknown>>): Uint8Array {
  return encodeCanonical({
    kind: report.kind,
    network,
    author: key,
    round: 1,
    seq: 0,
    task: { name: 'theirs', labels: 2, rows: 10, testRows: 10 },
    mode: 'frozen',
    metric: 'accuracy',
    value: 900_000_000,
    standardError: 0,
    seeds: [1],
    plan: new Uint8Array(32),
    engine: 'none',
    ...changes,
  })
}

describe('coldmesh eval --report', () => {
  it('judges bases over rounds; its signed results reach the others, their log and who comes late', async () => {
    await using network = await createTestNetwork({ members: 2, round: { collectMs: 500, graceMs: 500 } })
    const [ada, ben] = await network.startAll(() => ({ rounds: 1 }))
    assert.ok(ada && ben)
    const [peer] = network.peers
    assert.ok(peer)
    const fused = await ada.event(({ event, round }) => event === 'fused' && round === 1, 'the base of round 1')
    await ben.event(({ event, round }) => event === 'fused' && round === 1, 'the base of round 1')
    const base = String(fused['base'])
    const plot = join(network.dir, 'rounds.svg')

    const [result] = await run(
      ...['eval', '--dir', ada.dataDir, '--rounds', 'all', '--data', peer.data, '--task', 'mine'],
      ...['--mode', 'frozen', '--seeds', '2', '--steps', '20', '--threads', '1', '--report', '--plot', plot],
    )
    assert.ok(result)
    const { results, reports, bases } = JSON.parse(JSON.stringify(result))
    assert.deepEqual(
      bases.map((each: { round: number; base: string }) => [each.round, each.base]),
      [
        [0, network.base],
        [1, base],
      ],
    )
    assert.equal(results.length, 2)
    assert.equal(reports.length, 2)
    assert.match(readFileSync(plot, 'utf8'), /^<svg /)

    await ben.event(
      ({ event, report: said }) => event === 'report' && JSON.stringify(said).includes(base),
      'the report',
    )
    const [entry] = await run('log', '--dir', ben.dataDir)
    const [seen] = JSON.parse(JSON.stringify(entry)).reports
    assert.deepEqual([seen.task, seen.mode, seen.author, seen.seeds], ['mine', 'frozen', peer.key, [1, 2]])
    assert.ok(Math.abs(seen.value - results[1].mean) < 1e-9)
    const text = await runCli(['log', '--dir', ben.dataDir])
    assert.match(text.stdout, /= mine, frozen: \d+\.\d% ± \d+\.\d% of \d+ test rows, 2 seed\(s\)/)
    assert.match(text.stdout, new RegExp(`round 0  ${network.base}\\n  = mine, frozen`))
    const status = await runCli(['status', '--dir', ben.dataDir])
    assert.match(status.stdout, /reports {2}2, 1 of this base/)

    const dataDir = join(network.dir, 'late')
    const { key } = await initDataDir(dataDir, { name: 'late' })
    const late = await network.start({ ...peer, name: 'late', key, dataDir }, { invite: await inviteOf(ada) })
    await late.event(({ event, report: said }) => event === 'report' && JSON.stringify(said).includes(base), 'sync')

    await ben.stop()
    const [offline] = await run('log', '--dir', ben.dataDir)
    assert.deepEqual(JSON.parse(JSON.stringify(offline)).reports, [seen])

    await using gossiper = await startGossiper(await inviteOf(ada))
    const known = parseCid(base)
    const foreign = testCid('another network’s base')
    await gossiper.sayUntilHeard('reports', (seq) => gossiper.sign(payload(gossiper, { base: foreign, seq })))
    await gossiper.say('reports', gossiper.sign(payload(gossiper, { base: known })))
    const heard = await ada.event(
      ({ event, report: said }) => event === 'report' && JSON.stringify(said).includes('theirs'),
      'a stranger’s good report',
    )
    assert.ok(JSON.stringify(heard).includes(base))
    assert.equal(JSON.parse(JSON.stringify((await ada.status())['reports'])).held, 3, 'the foreign one is not held')

    const refused = (reason: string) =>
      ada.event(({ event, what, reason: why }) => event === 'refused' && what === 'report' && why === reason, reason)
    const good = gossiper.sign(payload(gossiper, { base: known, seq: 1 }))
    await gossiper.say(
      'reports',
      good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte)),
    )
    await refused('bad-signature')
    await gossiper.say('reports', gossiper.sign(payload(gossiper, { base: known, value: 1_000_000_001 })))
    await refused('bad-field')
    assert.match(JSON.stringify((await ada.status())['refused']), /bad-signature.*bad-field/)
    assert.equal(JSON.parse(JSON.stringify((await ada.status())['reports'])).held, 3)
  })

  it('fails before the work when it can’t be done, and stops on Ctrl-C', async () => {
    await using network = await createTestNetwork({ members: 1 })
    const [peer] = network.peers
    assert.ok(peer)
    const absent = await runCli(['eval', '--dir', peer.dataDir, '--data', peer.data, '--report'])
    assert.equal(absent.code, 3)
    assert.match(absent.stderr, /^coldmesh: unreachable: No daemon runs/)
    const interrupted = startCli([
      ...['eval', join(network.dir, 'base'), '--data', peer.data],
      ...['--baseline', 'one-shot', '--steps', '1000000', '--threads', '1'],
    ])
    const exit = new Promise((resolve) => interrupted.once('exit', resolve))
    await new Promise<void>((resolve) => {
      interrupted.stdout.on('data', (chunk) => String(chunk).includes('trains the baseline') && resolve())
    })
    interrupted.kill('SIGINT')
    assert.equal(await exit, 130)
    const beyond = await runCli(['eval', '--dir', peer.dataDir, '--data', peer.data, '--rounds', '0,9'])
    assert.equal(beyond.code, 2, beyond.stderr)
    assert.match(beyond.stderr, /--rounds 0,9 names a round that is not in the lineage/)
    const neither = await runCli(['eval', '--dir', peer.dataDir])
    assert.equal(neither.code, 2)
    assert.match(neither.stderr, /--data FILE.*--tasks/)
    assert.ok(!existsSync(join(peer.dataDir, 'control.json')))
  })
})
