import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RoundPolicy } from 'coldmesh'
import { fromHex } from 'coldmesh/protocols'
import { peerIdOf } from '../../../../src/adapters/libp2p/peer-ids.ts'
import type { Daemon } from '../daemon.ts'
import { createTestNetwork, type StartOptions, type TestNetwork, type TestPeer } from '../network.ts'
import { startWitness, type Witness } from '../witness.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { worldEnvironment } from './plan.ts'

/** Below the ports that a system gives out by itself, and each peer has an address of its own. */
const PORT = 4001
/** Seven of them start at once. */
const READY_WITHIN_MS = 180_000

/** Daemons that reach each other through a proxy only: it is what they announce, what their invites say, and what they dial. */
export interface ChaosNetwork extends AsyncDisposable {
  readonly network: TestNetwork
  readonly proxy: FaultProxy
  readonly names: readonly string[]
  peer(name: string): TestPeer
  /** Before its first start: its data directory lies elsewhere. */
  move(name: string, dataDir: string): Promise<void>
  /** Resolves when it is ready. */
  start(name: string, options?: StartOptions): Promise<Daemon>
  launch(name: string, options?: StartOptions): Daemon
  /** Puts a running daemon's wall clock off by so much. */
  setClock(name: string, wrongMs: number): Promise<void>
  /** Hears everybody, and relays nothing between those that are parted. */
  witness(invite: string): Promise<Witness>
}

export async function createChaosNetwork(options: {
  readonly members: number
  readonly round: Partial<RoundPolicy>
  readonly random: () => number
}): Promise<ChaosNetwork> {
  const network = await createTestNetwork({ members: options.members, round: options.round })
  const subnet = `127.${1 + Math.floor(Math.random() * 250)}.${1 + Math.floor(Math.random() * 250)}`
  const hostOf = (name: string) => `${subnet}.${10 + network.peers.findIndex((peer) => peer.name === name)}`
  const places = network.peers.map(({ name }) => ({ name, host: hostOf(name), port: PORT }))
  const proxy = await startFaultProxy(places, options.random)
  const clockOf = (name: string) => join(network.dir, `${name}.clock`)
  const moved = new Map<string, TestPeer>()
  const peer = (name: string): TestPeer => {
    const found = moved.get(name) ?? network.peers.find((each) => each.name === name)
    if (!found) throw new Error(`there is no ${name}`)
    return found
  }
  const multiaddr = (name: string) => `/ip4/127.0.0.1/tcp/${proxy.portOf(name)}`
  const everybody = network.peers.map(({ name, key }) => {
    const address = `${multiaddr(name)}/p2p/${peerIdOf(fromHex(key) ?? new Uint8Array())}`
    return { name, address }
  })
  for (const { name } of network.peers) await writeFile(clockOf(name), '0')

  const optionsOf = (name: string, given: StartOptions = {}): StartOptions => ({
    ...given,
    listen: `/ip4/${hostOf(name)}/tcp/${PORT}`,
    env: worldEnvironment({ source: hostOf(name), clock: clockOf(name) }, given.env),
    args: [
      // Every round is fused again at the end.
      ...['--announce', multiaddr(name), '--keep-rounds', 'all'],
      ...everybody.flatMap((other) => (other.name === name ? [] : ['--peer', other.address])),
      ...(given.args ?? []),
    ],
  })

  return {
    network,
    proxy,
    names: network.peers.map(({ name }) => name),
    peer,
    move: async (name, dataDir) => {
      await cp(peer(name).dataDir, dataDir, { recursive: true })
      moved.set(name, { ...peer(name), dataDir })
    },
    start: async (name, given) => {
      const daemon = network.launch(peer(name), optionsOf(name, given))
      await daemon.event(({ event }) => event === 'ready', 'ready', READY_WITHIN_MS)
      return daemon
    },
    launch: (name, given) => network.launch(peer(name), optionsOf(name, given)),
    setClock: (name, wrongMs) => writeFile(clockOf(name), String(wrongMs)),
    witness: (invite) => startWitness(invite, { alsoDial: everybody.map(({ address }) => address), relays: false }),
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}
