import { join } from 'node:path'
import { createGenesis, initDataDir } from 'coldmesh'
import { findDaemon } from '../control/client.ts'
import { readyStatus } from '../control/daemon-status.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import { describeWait } from '../text/wait.ts'
import { type Child, type ChildEvent, startChild } from './child.ts'
import { MAX_START_MS, MIN_CONTRIBUTIONS, PEER_NAMES, POLICY, ROUND_PLAN, SEED } from './settings.ts'
import { type DemoTask, taskFile } from './tasks.ts'

export interface DemoPeer {
  readonly name: string
  readonly key: string
  readonly dataDir: string
  readonly task: DemoTask
}

export interface DemoNetwork {
  readonly network: string
  /** The genesis' base. */
  readonly base: string
  readonly peers: readonly DemoPeer[]
  /** Rejects when a daemon fails. */
  readonly failed: Promise<never>
  /** What each peer waits for now, for an explanation. */
  waits(): Promise<string[]>
  stop(): Promise<void>
}

export interface DemoNetworkOptions {
  readonly folder: string
  readonly count: number
  readonly rounds: number
  readonly tasks: readonly DemoTask[]
  readonly signal: AbortSignal
  readonly onEvent: (peer: DemoPeer, event: ChildEvent) => void
}

/** Data directories, a genesis with everyone in its committee, and one daemon each; ready when they all found the network. */
export async function startDemoNetwork(options: DemoNetworkOptions): Promise<DemoNetwork> {
  const { folder, rounds, signal } = options
  const peers = await createPeers(options)
  const founder = peers[0]
  if (founder === undefined) throw new CliError('bad-input', 'A network needs a peer.')
  const { network, base } = await createGenesis({
    dataDir: founder.dataDir,
    name: 'demo',
    base: SHIPPED_BASE,
    committee: peers.map(({ name, key }) => ({ name, key })),
    quorum: 'byzantine',
    rule: 'mean/1',
    contributors: 'open',
    round: { minContributions: Math.min(MIN_CONTRIBUTIONS, peers.length), ...POLICY },
  })
  const children: Child[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
  }
  const start = (peer: DemoPeer, seed: number, invite: string | null): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = startChild({
        name: peer.name,
        args: daemonArguments(peer, { seed, rounds, invite }),
        onEvent: (event) => {
          if (event.event === 'ready') resolve(String(event['invite']))
          options.onEvent(peer, event)
        },
      })
      children.push(child)
      child.failed.catch(reject)
    })
  try {
    const invite = await withDeadline(start(founder, SEED, null), signal)
    const others = peers.slice(1).map((peer, at) => start(peer, SEED + 1 + at, invite))
    await withDeadline(Promise.all(others), signal)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    network,
    base,
    peers,
    failed: Promise.race(children.map(({ failed }) => failed)),
    waits: () => describeWaits(peers, folder),
    stop,
  }
}

async function createPeers({ folder, count, tasks }: DemoNetworkOptions): Promise<DemoPeer[]> {
  const peers: DemoPeer[] = []
  for (const [at, name] of PEER_NAMES.slice(0, count).entries()) {
    const dataDir = join(folder, name)
    const { key } = await initDataDir(dataDir, { name })
    const task = tasks[at % tasks.length]
    if (task === undefined) throw new Error('no task is shipped')
    peers.push({ name, key, dataDir, task })
  }
  return peers
}

function daemonArguments(
  { dataDir, task }: DemoPeer,
  { seed, rounds, invite }: { seed: number; rounds: number; invite: string | null },
): string[] {
  return [
    'daemon',
    ...['--dir', dataDir],
    ...(invite === null ? [] : ['--network', invite]),
    ...['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht'],
    ...['--train-on', taskFile(task, 'train'), '--task', task.name, '--license', task.license],
    ...(task.hasPair ? ['--pair', 'pair'] : []),
    ...['--rounds', String(rounds), '--seed', String(seed), '--threads', '1'],
    ...planArguments(),
  ]
}

function planArguments(): string[] {
  const { learningRate, headRate, steps, batch, maxTokens, evaluateEvery } = ROUND_PLAN
  return [
    ...['--learning-rate', String(learningRate), '--head-rate', String(headRate), '--steps', String(steps)],
    ...['--batch', String(batch), '--max-tokens', String(maxTokens), '--evaluate-every', String(evaluateEvery)],
  ]
}

async function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(MAX_START_MS)
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () =>
      reject(new CliError('deadline', `The peers did not find each other in ${MAX_START_MS / 1000} s.`)),
    )
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  return await Promise.race([work, late])
}

async function describeWaits(peers: readonly DemoPeer[], folder: string): Promise<string[]> {
  return await Promise.all(
    peers.map(async ({ name, dataDir }) => {
      try {
        const daemon = await findDaemon(dataDir)
        if (daemon === null) return `${name}: no daemon runs in ${folder}`
        const status = await readyStatus(daemon)
        const wait = status.waitingFor === null ? 'nothing' : describeWait(status.waitingFor)
        return `${name}: round ${status.round}, ${status.phase}, waits for ${wait}`
      } catch (error) {
        return `${name}: ${error instanceof Error ? error.message : 'does not answer'}`
      }
    }),
  )
}
