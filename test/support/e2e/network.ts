import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGenesis, initDataDir, type RoundPolicy } from 'coldmesh'
import { fromHex, parseCid, rankCommittee, roundSeed, toHex } from 'coldmesh/protocols'
import type { FloatDtype } from '../../../src/floats/dtypes.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { writeTinyBase } from './tiny-base.ts'

const TASKS = join(import.meta.dirname, '..', '..', '..', 'examples', 'data', 'tasks')
const ANY_PORT = '/ip4/127.0.0.1/tcp/0'
const NAMES = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gina']
const TASK_NAMES = ['wn-pos', 'wn-animal', 'wn-noun-supersense', 'wn-sentiment']

export interface TestPeer {
  readonly name: string
  readonly key: string
  readonly dataDir: string
  /** A small CSV with text and label. */
  readonly data: string
  readonly task: string
}

export interface TestNetwork extends AsyncDisposable {
  readonly dir: string
  readonly network: string
  readonly base: string
  readonly peers: readonly TestPeer[]
  /** Names in the order in which they propose in a round. */
  rank(round: number): readonly string[]
  start(peer: TestPeer, options?: StartOptions): Promise<Daemon>
  /** Someone with a key of its own who is in no committee and has no data. */
  stranger(name: string): Promise<TestPeer>
  /** The same without waiting until it is ready. */
  launch(peer: TestPeer, options?: StartOptions): Daemon
  /** Starts everyone; the first one's invite leads the others. */
  startAll(options?: (peer: TestPeer) => StartOptions): Promise<readonly Daemon[]>
}

export interface StartOptions {
  readonly invite?: string
  /** Default: any port of 127.0.0.1. */
  readonly listen?: string
  /** Contributes to so many rounds; 0 = only takes part. */
  readonly rounds?: number
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** Data directories, a tiny base, a genesis with all peers in its committee; daemons on loopback. */
export async function createTestNetwork(options: {
  /** Where its folder is made; default: where temporary files are. */
  readonly parent?: string
  readonly members: number
  readonly round?: Partial<RoundPolicy>
  readonly quorum?: 'byzantine' | 'crash'
  readonly rows?: number
  readonly contributors?: 'open' | 'vouched'
  /** Of the base's weights; F32 by default. */
  readonly dtype?: FloatDtype
  /** Writes the base into a folder; default: a tiny one. */
  readonly writeBase?: (directory: string) => Promise<void>
  /** Of its gate; none by default. */
  readonly maxDrop?: number
  /** Default: `mean/1`. */
  readonly rule?: string
}): Promise<TestNetwork> {
  const dir = await mkdtemp(join(options.parent ?? tmpdir(), 'coldmesh-e2e-'))
  const baseDir = join(dir, 'base')
  const { writeBase = (path: string) => writeTinyBase(path, { dtype: options.dtype ?? 'F32' }) } = options
  await writeBase(baseDir)
  const peers: TestPeer[] = []
  for (const [i, name] of NAMES.slice(0, options.members).entries()) {
    const dataDir = join(dir, name)
    const { key } = await initDataDir(dataDir, { name })
    const task = TASK_NAMES[i % TASK_NAMES.length] ?? 'wn-pos'
    peers.push({ name, key, dataDir, task, data: await writeRows(dir, name, task, options.rows ?? 120) })
  }
  const founder = peers[0]
  if (!founder) throw new Error('a network needs a peer')
  const { network, base } = await createGenesis({
    dataDir: founder.dataDir,
    name: 'test',
    base: baseDir,
    committee: peers.map(({ name, key }) => ({ name, key })),
    quorum: options.quorum ?? 'byzantine',
    contributors: options.contributors ?? 'open',
    rule: options.rule ?? 'mean/1',
    ...(options.maxDrop === undefined ? {} : { maxDrop: options.maxDrop }),
    round: {
      minContributions: Math.min(3, options.members),
      maxContributions: 8,
      collectMs: 2_000,
      graceMs: 2_000,
      viewTimeoutMs: 4_000,
      minBytesPerSecond: 10_000_000,
      ...options.round,
    },
  })
  const daemons: Daemon[] = []

  function launch(
    peer: TestPeer,
    { invite, listen = ANY_PORT, rounds = 0, env = {}, args = [] }: StartOptions = {},
  ): Daemon {
    const daemon = startDaemon({
      name: peer.name,
      dataDir: peer.dataDir,
      env,
      args: [
        ...(invite === undefined ? [] : ['--network', invite]),
        ...['--listen', listen, '--no-mdns', '--no-dht'],
        ...(rounds > 0 ? trainingArguments(peer, rounds) : []),
        ...args,
      ],
    })
    daemons.push(daemon)
    return daemon
  }

  async function start(peer: TestPeer, options?: StartOptions): Promise<Daemon> {
    const daemon = launch(peer, options)
    await daemon.event(({ event }) => event === 'ready', 'ready')
    return daemon
  }

  return {
    dir,
    network,
    base,
    peers,
    rank: (round) => rankNames(peers, network, round),
    stranger: async (name) => {
      const dataDir = join(dir, name)
      const { key } = await initDataDir(dataDir, { name })
      return { name, key, dataDir, data: '', task: '' }
    },
    start,
    launch,
    startAll: async (optionsOf = () => ({})) => {
      const first = await start(founder, optionsOf(founder))
      const ready = await first.event(({ event }) => event === 'ready', 'ready')
      const invite = String(ready['invite'])
      const others = peers.slice(1).map((peer) => start(peer, { invite, ...optionsOf(peer) }))
      return [first, ...(await Promise.all(others))]
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(daemons.map((daemon) => daemon.stop()))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function trainingArguments({ data, task }: TestPeer, rounds: number): string[] {
  return [
    ...['--train-on', data, '--text', 'text', '--label', 'label', '--task', task, '--rounds', String(rounds)],
    ...['--threads', '1', '--steps', '4', '--batch', '8', '--learning-rate', '0.001', '--max-tokens', '16'],
  ]
}

async function writeRows(dir: string, name: string, task: string, rows: number): Promise<string> {
  const lines = (await readFile(join(TASKS, task, 'train.csv'), 'utf8')).split('\n')
  const path = join(dir, `${name}.csv`)
  await writeFile(path, `${lines.slice(0, rows + 1).join('\n')}\n`)
  return path
}

function rankNames(peers: readonly TestPeer[], network: string, round: number): readonly string[] {
  const cid = parseCid(network)
  if (!cid) throw new Error('the network id is a CID')
  const keys = peers.map(({ key }) => fromHex(key) ?? new Uint8Array())
  return rankCommittee(keys, roundSeed(cid, round)).map(
    (key) => peers.find((peer) => peer.key === toHex(key))?.name ?? '',
  )
}
