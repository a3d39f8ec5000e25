import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { startEquivocator } from '../support/e2e/equivocator.ts'
import { createTestNetwork } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

interface Contradiction {
  readonly author: string
  readonly name: string
  readonly round: number
  readonly kind: string
}

const facts = ({ author, name, round, kind }: Contradiction) => ({ author, name, round, kind })
const isFused = (round: number) => (entry: DaemonEvent) => entry.event === 'fused' && entry['round'] === round
const isEvidence = (kind: string) => (entry: DaemonEvent) => entry.event === 'evidence' && entry['kind'] === kind

const heardBy = (daemons: readonly Daemon[], kind: string) =>
  Promise.all(daemons.map((daemon) => daemon.event(isEvidence(kind), `evidence of two ${kind}`)))

async function endOf(round: number, daemons: readonly Daemon[]): Promise<string> {
  const ends = await Promise.all(daemons.map((daemon) => daemon.event(isFused(round), `the base of round ${round}`)))
  const bases = new Set(ends.map(({ base }) => String(base)))
  assert.equal(bases.size, 1)
  return [...bases].join()
}

async function contradictionsIn(daemon: Daemon): Promise<readonly Contradiction[]> {
  const { evidence } = await daemon.status()
  assert.ok(Array.isArray(evidence))
  return evidence.map(facts)
}

/** Objects that a command printed. */
async function lines(args: readonly string[], code = 0): Promise<readonly Record<string, unknown>[]> {
  const result = await runCli([...args, '--json'])
  assert.equal(result.code, code, result.stderr || result.stdout)
  return result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

// faults 79 and 80
describe('a member that contradicts itself', () => {
  it('costs no round; every honest member stores the proof, and anybody can check it', async () => {
    await using network = await createTestNetwork({ members: 4, round: { collectMs: 3_000, graceMs: 500 } })
    const [first, second, third, liar] = network.peers
    assert.ok(first && second && third && liar)
    const ada = await network.start(first, { rounds: 2 })
    const invite = String((await ada.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const ben = await network.start(second, { rounds: 2, invite })

    await using equivocator = await startEquivocator({ dataDir: liar.dataDir, invite })
    await equivocator.listTwice(1, network.base)
    await heardBy([ada, ben], 'list/1')
    // The round waits for a third contribution. Who comes now hears of the lists by sync.
    const daemons = [ada, ben, await network.start(third, { rounds: 2, invite })]
    await heardBy(daemons, 'list/1')
    const base = await endOf(1, daemons)
    await equivocator.prevoteTwice(2, base)
    await heardBy(daemons, 'prevote/1')
    await endOf(2, daemons)

    const blamed = { author: liar.key, name: liar.name }
    const expected = [
      { ...blamed, round: 1, kind: 'list/1' },
      { ...blamed, round: 2, kind: 'prevote/1' },
    ]
    for (const daemon of daemons) assert.deepEqual(await contradictionsIn(daemon), expected, daemon.name)
    const { stdout } = await runCli(['status', '--dir', first.dataDir])
    assert.match(
      stdout,
      new RegExp(`evidence: ${liar.name} .* contradicted itself in round 1: two lists in one place, seen 20`),
    )

    const online = await lines(['evidence', '--dir', first.dataDir])
    await ada.stop()
    const out = join(network.dir, 'evidence')
    const offline = await lines(['evidence', '--dir', first.dataDir, '--out', out])
    assert.deepEqual(
      offline.map(({ file: _, ...report }) => report),
      online,
    )
    assert.deepEqual(
      offline.map(({ proven, member }) => [proven, member]),
      [
        [true, true],
        [true, true],
      ],
    )
    const shown = await lines(['status', '--dir', first.dataDir])
    assert.equal(JSON.stringify(shown[0]?.['evidence']).match(/"author"/g)?.length, 2)

    await checkFiles(out, { trust: network.network, stranger: join(network.dir, 'nowhere'), member: second.dataDir })
    const again = await network.start(first, {})
    assert.deepEqual(await contradictionsIn(again), expected)
    await again.stop()
  })
})

/** Files alone prove it to strangers; a member's running daemon also knows the committee; a flipped bit proves nothing. */
async function checkFiles(out: string, who: { trust: string; stranger: string; member: string }): Promise<void> {
  const [name, ...more] = readdirSync(out)
  assert.ok(name !== undefined && more.length === 1)
  const verify = ['verify', '--evidence', join(out, name)]
  const [[alone], [known]] = await Promise.all([
    lines([...verify, '--dir', who.stranger, '--trust', who.trust]),
    lines([...verify, '--dir', who.member]),
  ])
  assert.deepEqual([alone?.['proven'], alone?.['trusted'], alone?.['member']], [true, true, null])
  assert.deepEqual([known?.['proven'], known?.['trusted'], known?.['member']], [true, true, true])
  const bytes = readFileSync(join(out, name))
  const signature = /"signature":"([0-9a-f]{128})"/.exec(JSON.stringify(alone))?.[1] ?? ''
  const at = bytes.indexOf(Buffer.from(signature, 'hex'))
  assert.ok(at > 0)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  const damaged = join(out, 'damaged.cbor')
  writeFileSync(damaged, bytes)
  const [report] = await lines(['verify', '--evidence', damaged, '--dir', who.stranger], 4)
  assert.deepEqual([report?.['proven'], report?.['reason']], [false, 'evidence-bad-signature'])
}
