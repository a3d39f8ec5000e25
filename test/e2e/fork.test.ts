import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { PACKAGE_ROOT } from '../../node/package-root.ts'
import { commandsOf, type Words } from '../support/docs/commands.ts'
import { readFences } from '../support/docs/fences.ts'
import { type Daemon, startDaemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

const PLAN = { steps: 4, batch: 8, learningRate: 0.001, maxTokens: 16 }
const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht', '--threads', '1']
const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'operating.md'), 'utf8')
const chapter = /^## When a committee is lost\n([\s\S]*?)^## /m.exec(page)?.[1] ?? ''
const steps: readonly Words[] = readFences(chapter).flatMap(commandsOf)

// Four real daemons, two of which are lost for good; then docs/operating.md, typed from the page.
describe('a network whose committee is lost', () => {
  let network: TestNetwork
  let survivors: readonly Daemon[]
  const started: Daemon[] = []
  /** What stands for the words of the page. */
  const known = new Map<string, string>()
  let base: string
  let weights: string

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      round: { minContributions: 2, collectMs: 300, graceMs: 300, viewTimeoutMs: 4_000 },
    })
  })

  after(async () => {
    await Promise.all(started.map((daemon) => daemon.stop()))
    await network?.[Symbol.asyncDispose]()
  })

  const contribute = (daemons: readonly Daemon[]) =>
    Promise.all(
      daemons.map((daemon, i) => {
        const { data, task } = network.peers[i] ?? ({} as TestPeer)
        return daemon.ask('/v1/join', { data, text: 'text', label: 'label', task, plan: PLAN })
      }),
    )
  const fusedBy = (daemon: Daemon | undefined, round: number) =>
    daemon?.event((event) => event.event === 'fused' && event['round'] === round, `the base of round ${round}`)

  function fillIn(word: string): string {
    const [first] = network.peers
    const path = word.replace(/^\.\/alpha$/, first?.dataDir ?? '').replace(/^\.\//, `${network.dir}/`)
    return path.replace(/\b[A-Z]+(?:_[A-Z]+)*\b/g, (name) => known.get(name) ?? name)
  }

  /** One command of the page, as it stands there. */
  async function type(words: Words): Promise<void> {
    const [program, command, ...args] = words.map(fillIn)
    assert.equal(program, 'coldmesh')
    if (command === 'daemon') {
      const dataDir = args[args.indexOf('--dir') + 1] ?? ''
      const others = args.filter((arg, at) => arg !== '--dir' && args[at - 1] !== '--dir')
      const daemon = startDaemon({ name: dataDir, dataDir, args: [...others, ...LOOPBACK] })
      started.push(daemon)
      const { invite } = await daemon.event(({ event }) => event === 'ready', 'ready')
      if (!known.has('INVITE')) known.set('INVITE', String(invite))
      return
    }
    const { code, stdout, stderr } = await runCli([command ?? '', ...args, '--json'])
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}${stdout}`)
    const printed = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    if (command === 'init') known.set(`${args.at(-1)?.toUpperCase()}_KEY`, printed.key)
    if (command === 'genesis') known.set('GENESIS', printed.network).set('STATE', printed.fork.state)
    if (command === 'verify') known.set('REPORT', stdout)
  }

  it('stalls, and its status says for whom', async () => {
    const daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
    survivors = daemons.slice(0, 2)
    await contribute(survivors)
    base = String((await fusedBy(survivors[0], 1))?.['base'])
    await fusedBy(survivors[1], 1)
    known.set('BASE_CID', base)
    for (const lost of daemons.slice(2)) {
      lost.kill()
      await lost.ended
      await rm(lost.dataDir, { recursive: true })
    }
    await contribute(survivors)
    const isStall = ({ round, wait }: Readonly<Record<string, unknown>>) =>
      round === 2 &&
      /"what":"lists","have":2,"need":3,"missing":\["(cleo","dan|dan","cleo)"\]/.test(JSON.stringify(wait))
    await Promise.all(survivors.map((daemon) => daemon.event(isStall, 'cleo and dan are waited for')))
  })

  it('goes on as another network by the steps of the page', async () => {
    assert.deepEqual(
      steps.map(([, command]) => command),
      ['status', 'export', 'init', 'init', 'init', 'genesis', 'daemon', 'daemon', 'daemon', 'verify'],
    )
    for (const words of steps.filter(([, command]) => command !== 'verify')) await type(words)
    assert.equal(known.get('STATE'), 'verified')
    await Promise.all(survivors.map((daemon) => daemon.stop()))
    weights = await weightsOf(network.peers[0]?.dataDir ?? '', base)
    await contribute(started.slice(0, 2))
    const [fused] = await Promise.all(started.map((daemon) => fusedBy(daemon, 1)))
    known.set('NEW_BASE_CID', String(fused?.['base']))
  })

  // Fault 61: where a network comes from is checked, not believed.
  it('shows and verifies on every member what it began as', async () => {
    for (const daemon of started) {
      const { fork } = await daemon.status()
      assert.deepEqual(fork, { of: base, network: network.network, round: 1, state: 'verified', reason: null })
    }
    const words = steps.at(-1)
    assert.ok(words)
    await type(words)
    const report = JSON.parse(known.get('REPORT') ?? '')
    assert.ok(report.valid && report.certified)
    assert.equal(report.fork.state, 'verified')
    assert.equal(report.network, known.get('GENESIS'))
  })

  it('began with the weights of the base before, and says the same from its files', async () => {
    const beta = started[1]
    assert.ok(beta)
    await Promise.all(started.map((daemon) => daemon.stop()))
    const log = await runCli(['log', '--dir', beta.dataDir, '--json'])
    const lines = log.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(lines.at(-1).fork.state, 'verified')
    assert.equal(await weightsOf(beta.dataDir, lines.at(-2).parent), weights)
    const { stdout } = await runCli(['status', '--dir', beta.dataDir])
    assert.match(stdout, new RegExp(`fork of ${base} \\(round 1 of network ${network.network}\\), verified`))
  })

  it('is checked with a data directory of the network before, where the rest of its history is not', async () => {
    const [ada] = network.peers
    const dir = join(network.dir, 'lone')
    const run = async (...args: readonly string[]) => {
      const { stdout, stderr } = await runCli([...args, '--json'])
      assert.equal(stderr.includes('"error"'), false, stderr)
      return JSON.parse(stdout)
    }
    await run('init', '--dir', dir, '--name', 'lone')
    const made = await run('genesis', '--dir', dir, '--fork-of', join(network.dir, 'last-base'))
    const stateOf = async (what: string, ...more: readonly string[]) => {
      const { fork } = await run('verify', what, '--dir', dir, '--level', 'signatures', ...more)
      return [fork.of, fork.state]
    }
    const before = ['--from-dir', ada?.dataDir ?? '']
    assert.deepEqual(await stateOf(made.base), [base, 'unchecked'])
    assert.deepEqual(await stateOf(made.base, ...before), [base, 'verified'])
    const exported = join(network.dir, 'lone-base')
    await run('export', made.base, '--dir', dir, '--out', exported)
    const nothing = ['--dir', join(network.dir, 'nothing')]
    assert.deepEqual(await stateOf(exported, ...nothing), [base, 'unchecked'])
    assert.deepEqual(await stateOf(exported, ...nothing, ...before), [base, 'verified'])
    const daemon = startDaemon({ name: 'lone', dataDir: dir, args: LOOPBACK })
    started.push(daemon)
    await daemon.event(({ event }) => event === 'ready', 'ready')
    assert.deepEqual(await stateOf(made.base), [base, 'unchecked'])
    assert.deepEqual(await stateOf(made.base, ...before), [base, 'verified'])
  })

  async function weightsOf(dir: string, of: string): Promise<string> {
    const out = join(network.dir, `weights-${of.slice(-8)}`)
    const { code, stderr } = await runCli(['export', of, '--dir', dir, '--out', out])
    assert.equal(code, 0, stderr)
    return readFileSync(join(out, 'model.safetensors')).toString('base64')
  }
})
