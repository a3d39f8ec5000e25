import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BIN } from '../../node/package-root.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { type Liar, startLiar } from '../support/e2e/liar.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'

interface Answer {
  readonly code: number
  readonly text: string
}

async function coldmesh(...args: readonly string[]): Promise<Answer> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { timeout: 180_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: `${stdout}${stderr}` })
    })
  })
}

const PLAN = { steps: 4, batch: 8, learningRate: 0.0005, maxTokens: 16 }
const fusedIn = (round: number) => (event: DaemonEvent) => event.event === 'fused' && event['round'] === round

describe('four members into whose base something bad got', () => {
  let network: TestNetwork
  let daemons: Map<string, Daemon>
  let liar: Liar
  let invite: string

  const daemon = (name: string): Daemon => daemons.get(name) ?? assert.fail(name)
  const dirOf = (name: string) => join(network.dir, name)
  const weightsOf = async (name: string, cid: string): Promise<Buffer> => {
    const out = join(network.dir, `out-${cid.slice(-8)}-${name}`)
    await daemon(name).ask('/v1/export', { cid, out })
    return await readFile(join(out, 'model.safetensors'))
  }

  async function contribute(name: string): Promise<void> {
    const peer = network.peers.find((one) => one.name === name)
    assert.ok(peer)
    await daemon(name).ask('/v1/join', { data: peer.data, text: 'text', label: 'label', task: peer.task, plan: PLAN })
  }

  async function everyone(round: number): Promise<string> {
    const fused = await Promise.all([...daemons.values()].map((one) => one.event(fusedIn(round), `round ${round}`)))
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
    return String(fused[0]?.['base'])
  }

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      round: { minContributions: 2, collectMs: 500, graceMs: 1_500, viewTimeoutMs: 20_000, maxStaleness: 2 },
    })
    const started = await network.startAll(() => ({ args: ['--threads', '1'] }))
    daemons = new Map(started.map((one) => [one.name, one]))
    const ready = await Promise.all(started.map((one) => one.event(({ event }) => event === 'ready', 'ready')))
    invite = String(ready[0]?.['invite'])
    const members = ready.flatMap(({ multiaddrs }) => (Array.isArray(multiaddrs) ? multiaddrs.map(String) : []))
    liar = await startLiar({ invite, members })
  })

  after(async () => {
    await liar?.[Symbol.asyncDispose]()
    await network?.[Symbol.asyncDispose]()
  })

  const bases: string[] = []

  it('has two good rounds and a bad one', async () => {
    await Promise.all(['ada', 'ben'].map(contribute))
    bases[1] = await everyone(1)
    await liar.harm({ round: 2, parent: bases[1] }, 1)
    await contribute('cleo')
    bases[2] = await everyone(2)
    const { rounds } = await daemon('ada').ask('/v1/rounds')
    assert.match(JSON.stringify(rounds), /"round":2/)
  })

  it('goes back by a quorum, and no sooner: the next base has the weights of the good one', async () => {
    const itself = await coldmesh('amend', '--dir', dirOf('ada'), '--rollback', '2', '--json')
    assert.equal(itself.code, 2, itself.text)
    assert.match(itself.text, /rolls back to what is no base of the last historyRounds rounds, or has the weights/)
    const odd = await coldmesh('amend', '--dir', dirOf('ada'), '--rollback', 'yesterday')
    assert.match(odd.text, /--rollback takes a round or the CID of a base, not "yesterday"/)
    const both = await coldmesh('amend', '--dir', dirOf('ada'), '--rollback', '1', '--set', 'graceMs=5')
    assert.match(both.text, /A rollback is an amendment of its own/)

    const proposed = await coldmesh('amend', '--dir', dirOf('ada'), '--rollback', '1', '--json')
    assert.equal(proposed.code, 0, proposed.text)
    const { id } = JSON.parse(proposed.text)
    // One of them dies with the amendment open.
    await daemon('dan').event(({ event }) => event === 'approved', 'the proposal')
    daemon('dan').kill()
    await daemon('dan').ended
    daemons.delete('dan')
    const dan = network.peers.find(({ name }) => name === 'dan')
    assert.ok(dan)
    daemons.set('dan', await network.start(dan, { invite, args: ['--threads', '1'] }))
    // Too few for a base, and trained from what is gone back from.
    await contribute('ben')
    const waiting = await daemon('ben').event(({ event, round }) => event === 'announced' && round === 3, 'announced')
    for (const name of ['ben', 'cleo']) {
      await daemon(name).event(({ event }) => event === 'approved', 'the proposal')
      const approved = await coldmesh('amend', id, '--dir', dirOf(name))
      assert.equal(approved.code, 0, approved.text)
      assert.match(approved.text, new RegExp(`rolls back to the base ${bases[1]}`))
    }
    bases[3] = await everyone(3)
    const told = await daemon('ben').event(({ event }) => event === 'rolled-back', 'rolled back')
    assert.deepEqual([told['round'], told['base'], told['to']], [3, bases[3], bases[1]])
    const refused = JSON.stringify((await daemon('cleo').status())['refused'])
    assert.ok(refused.includes(String(waiting['id'])) && refused.includes('"reason":"rolled-back"'), refused)
    const [good, bad, now] = await Promise.all([1, 2, 3].map((round) => weightsOf('ben', bases[round] ?? '')))
    assert.ok(good && bad && now)
    assert.ok(now.equals(good) && !now.equals(bad))
    const { text } = await coldmesh('log', '--dir', dirOf('ben'))
    assert.match(text, new RegExp(`round 3.*\\n.*of 0 contributions.*\\n.*rolls back to the base ${bases[1]}`))
    assert.match(text, new RegExp(`round 2 {2}${bases[2]}`), 'what was reverted stays in the history')
  })

  it('goes on from the good weights, without what was trained for the reverted round', async () => {
    await Promise.all(['ada', 'dan'].map(contribute))
    bases[4] = await everyone(4)
    const { rounds } = (await daemon('ada').ask('/v1/rounds')) as {
      readonly rounds: readonly { readonly round: number; readonly inputs: readonly { readonly staleness: number }[] }[]
    }
    const inputs = rounds.find(({ round }) => round === 4)?.inputs
    assert.deepEqual(
      inputs?.map(({ staleness }) => staleness),
      [0, 0],
    )
  })

  it('verifies full from the genesis, and a newcomer and the restarted member end on the same head', async () => {
    const stranger = await network.stranger('nora')
    const newcomer = await network.start(stranger, { invite })
    await newcomer.event(({ event, ...of }) => event === 'synced' && of['base'] === bases[4], 'the newest base')
    const signatures = await newcomer.ask('/v1/verify', { base: bases[4], level: 'signatures' })
    assert.equal(signatures['valid'], true, JSON.stringify(signatures['failures']))
    for (const name of ['ada', 'dan']) {
      const { base } = await daemon(name).status()
      assert.equal(base, bases[4])
    }
    const full = await daemon('ada').ask('/v1/verify', { base: bases[4], level: 'full' })
    assert.deepEqual(full['failures'], [])
    assert.equal(full['valid'], true)
    const { rounds } = full as { readonly rounds: readonly { readonly fusion: string }[] }
    assert.deepEqual(
      rounds.map(({ fusion }) => fusion),
      ['reproduced', 'reproduced', 'reproduced', 'reproduced'],
    )
  })
})
