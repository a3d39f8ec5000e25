import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { initDataDir } from 'coldmesh'
import { BIN } from '../../node/package-root.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'

const fusedIn = (round: number) => (event: DaemonEvent) => event.event === 'fused' && event['round'] === round

interface Answer {
  readonly code: number
  readonly out: Readonly<Record<string, unknown>>
}

/** One command of the program, with its JSON answer: the last line of standard output, or of standard error when it fails. */
async function run(...args: readonly string[]): Promise<Answer> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args, '--json'], { timeout: 180_000 }, (error, stdout, stderr) => {
      const text = (error === null ? stdout : stderr).trim()
      resolve({
        code: typeof error?.code === 'number' ? error.code : 0,
        out: JSON.parse(text.split('\n').at(-1) ?? ''),
      })
    })
  })
}

/** Who is in the committee, as a daemon says. */
async function membersOf(daemon: Daemon): Promise<readonly string[]> {
  const { terms } = await daemon.status()
  const { committee } = terms as { readonly committee: readonly { readonly name: string }[] }
  return committee.map(({ name }) => name)
}

// Faults 60 and 81. Nobody trains before the last round: a ratified amendment ends a round by itself, empty.
describe('a network whose committee changes', () => {
  let network: TestNetwork
  let daemons: Map<string, Daemon>
  let newcomer: { readonly key: string; readonly dataDir: string }

  const daemon = (name: string): Daemon => daemons.get(name) ?? assert.fail(name)
  const dirOf = (name: string) => (name === 'dan' ? newcomer.dataDir : join(network.dir, name))

  /** Proposes by the first, approves by the others, and waits until everybody has the base that embeds it. */
  async function amend(round: number, members: readonly string[], change: readonly string[]): Promise<string> {
    const [first, ...others] = members
    const { out, code } = await run('amend', '--dir', dirOf(first ?? ''), ...change)
    assert.equal(code, 0, JSON.stringify(out))
    const id = String(out['id'])
    for (const name of others) {
      await daemon(name).event(({ event, amendment }) => event === 'approved' && isOf(amendment, id), 'the proposal')
      const approved = await daemon(name).ask(`/v1/amendments/${id}/approve`, {})
      assert.equal(approved['id'], id)
    }
    const fused = await Promise.all([...daemons.values()].map((one) => one.event(fusedIn(round), `round ${round}`)))
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
    return id
  }

  const isOf = (amendment: unknown, id: string) =>
    typeof amendment === 'object' && amendment !== null && 'id' in amendment && amendment.id === id

  before(async () => {
    network = await createTestNetwork({
      members: 3,
      round: { minContributions: 1, collectMs: 300, graceMs: 100, viewTimeoutMs: 500, maxViews: 1 },
    })
    const started = await network.startAll()
    daemons = new Map(started.map((one) => [one.name, one]))
    newcomer = { dataDir: join(network.dir, 'dan'), ...(await initDataDir(join(network.dir, 'dan'), { name: 'dan' })) }
    const ready = await daemon('ada').event(({ event }) => event === 'ready', 'ready')
    const [anybody] = network.peers
    assert.ok(anybody)
    const peer = { ...anybody, name: 'dan', key: newcomer.key, dataDir: newcomer.dataDir }
    daemons.set('dan', await network.start(peer, { invite: String(ready['invite']) }))
  })
  after(async () => {
    await network[Symbol.asyncDispose]()
  })

  it('takes a member in two rounds after a quorum approved it, and not before', async () => {
    const id = await amend(1, ['ada', 'ben', 'cleo'], ['--add', `dan=${newcomer.key}`])
    assert.deepEqual(await membersOf(daemon('ben')), ['ada', 'ben', 'cleo'], 'in round 2 it is on its way')
    const { amendments } = await daemon('ben').status()
    assert.ok(Array.isArray(amendments) && isOf(amendments[0], id))
    assert.deepEqual([amendments[0].state, amendments[0].from], ['embedded', 3])

    const early = await run('amend', '--dir', newcomer.dataDir, '--set', 'graceMs=50')
    assert.equal(early.code, 5, 'who is no member yet changes nothing')
    await amend(2, ['ben', 'ada', 'cleo'], ['--set', 'graceMs=50'])
    assert.deepEqual(await membersOf(daemon('dan')), ['ada', 'ben', 'cleo', 'dan'])
    assert.equal((await daemon('dan').status())['member'], 'dan')
  })

  it('lets the new member propose, and removes another; the certificates are of whom the round had', async () => {
    await amend(3, ['dan', 'ben', 'cleo'], ['--remove', 'ada', '--set', 'minContributions=2', '--set', 'graceMs=1000'])
    await amend(4, ['ada', 'ben', 'dan'], ['--set', 'historyRounds=6'])
    assert.deepEqual(await membersOf(daemon('ada')), ['ben', 'cleo', 'dan'])
    const status = await daemon('ada').status()
    assert.equal(status['member'], null)
    const late = await run('amend', '--dir', dirOf('ada'), '--set', 'graceMs=10')
    assert.deepEqual(
      [late.code, String(late.out['message'] ?? JSON.stringify(late.out)).includes('no member')],
      [5, true],
    )
  })

  it('goes on by the new terms: two contributions end round 5, certified without the removed member', async () => {
    // The removed member is a contributor like any other.
    const contributors = network.peers.filter(({ name }) => name !== 'ben')
    const plan = ['--steps', '2', '--batch', '8', '--max-tokens', '16', '--threads', '1']
    const joined = await Promise.all(
      contributors.map(({ dataDir, data, task }) =>
        run('join', '--dir', dataDir, '--data', data, '--task', task, ...plan),
      ),
    )
    assert.deepEqual(
      joined.map(({ code }) => code),
      [0, 0],
    )
    const [, fused] = await Promise.all(['ada', 'dan'].map((name) => daemon(name).event(fusedIn(5), 'round 5')))
    assert.ok(Array.isArray(fused?.['inputs']) && fused['inputs'].length === 2)
  })

  it('verifies offline, every committee change included, and tells the changes in its log', async () => {
    await daemon('dan').stop()
    const { base } = (await daemon('ben').status()) as { readonly base: string }
    const verified = await run('verify', base, '--dir', newcomer.dataDir)
    assert.equal(verified.code, 0, JSON.stringify(verified.out))
    assert.deepEqual(verified.out['failures'], [])
    const lines: string[] = []
    await new Promise<void>((resolve) => {
      execFile(process.execPath, [BIN, 'log', '--dir', newcomer.dataDir, '--json'], (_, stdout) => {
        lines.push(...stdout.trim().split('\n'))
        resolve()
      })
    })
    const amended = lines
      .map((line) => JSON.parse(line))
      .map(({ round, amendment }) => [round, amendment?.from ?? null])
    assert.deepEqual(amended, [
      [5, null],
      [4, 6],
      [3, 5],
      [2, 4],
      [1, 3],
    ])
  })
})
