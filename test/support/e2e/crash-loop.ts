import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJournal } from '../../../src/adapters/files/journal-format.ts'
import { readChain } from '../../../src/peer/chain.ts'
import { type DiskPlan, diskEnvironment } from '../disk/plan.ts'
import type { Daemon } from './daemon.ts'
import type { StartOptions, TestNetwork, TestPeer } from './network.ts'

/** Where a daemon is killed: after a step on its disk, or after it said something. */
export type CrashPoint = NonNullable<DiskPlan['kill']> | { readonly said: string }

const REACHED_WITHIN_MS = 180_000

/** What is left of a member that was killed again and again, each time somewhere else. */
export interface Remains {
  /** Every envelope that was in its journal at one of its deaths. */
  readonly journaled: readonly Uint8Array[]
  /** The bases that its chain file had, death by death. */
  readonly chains: readonly (readonly string[])[]
}

/** Runs a daemon without a kill for `rounds` rounds. @returns the labels of its steps, in order */
export async function recordSteps(
  network: Pick<TestNetwork, 'dir' | 'launch'>,
  peer: TestPeer,
  options: StartOptions,
): Promise<readonly string[]> {
  const trace = join(network.dir, 'trace')
  const plan = { directory: peer.dataDir, trace }
  const daemon = network.launch(peer, { ...options, env: diskEnvironment(plan) })
  const voted = await daemon.event(
    ({ event, base }) => event === 'voted' && base !== null,
    'its first vote',
    REACHED_WITHIN_MS,
  )
  await daemon.event(
    ({ event, round }) => event === 'fused' && Number(round) > Number(voted['round']),
    'one more round',
  )
  daemon.kill()
  await daemon.ended
  const lines = (await readFile(trace, 'utf8')).trimEnd().split('\n')
  await rm(trace)
  return lines
}

/** Kills the member once at each point; every start is also the recovery from the kill before. */
export async function crashAt(
  network: Pick<TestNetwork, 'dir' | 'launch'>,
  peer: TestPeer,
  points: readonly CrashPoint[],
  options: StartOptions,
  onDeath: () => Promise<void> = async () => {},
): Promise<Remains> {
  const journaled: Uint8Array[] = []
  const chains: (readonly string[])[] = []
  for (const point of points) {
    const trace = join(network.dir, 'trace')
    const env =
      'said' in point
        ? { COLDMESH_CRASH_AT: `after-send:${point.said}` }
        : diskEnvironment({ directory: peer.dataDir, trace, kill: point })
    await expectKill(network.launch(peer, { ...options, env }), point)
    await onDeath()
    const journal = join(peer.dataDir, 'journal')
    journaled.push(...decodeJournal(await readFile(journal), journal).records)
    chains.push((await readChain(join(peer.dataDir, 'chain'))).entries.map(({ base }) => String(base)))
  }
  return { journaled, chains }
}

async function expectKill(daemon: Daemon, point: CrashPoint): Promise<void> {
  const timer = setTimeout(() => daemon.kill('SIGTERM'), REACHED_WITHIN_MS)
  const { signal } = await daemon.ended
  clearTimeout(timer)
  if (signal === 'SIGKILL') return
  throw new Error(`${JSON.stringify(point)} was not reached:\n${daemon.output.slice(-20).join('\n')}`)
}
