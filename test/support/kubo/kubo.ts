import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MIB = 1024 * 1024
const CACHE = process.env['COLDMESH_CACHE'] ?? join(homedir(), '.cache', 'coldmesh')
/** Where its binary is: in the variable KUBO, or where test/reference/kubo/check.sh --build leaves it. */
export const KUBO = process.env['KUBO'] ?? join(CACHE, 'kubo', 'ipfs')

/** For tests that need Kubo: CI builds it, and fails without it; elsewhere it takes Go and minutes. */
export const skipWithoutKubo =
  existsSync(KUBO) || process.env['CI'] !== undefined ? false : 'no Kubo here: test/reference/kubo/check.sh --build'

export interface Kubo extends AsyncDisposable {
  /** Runs a command on it; resolves with what it prints. */
  ipfs(...args: string[]): Promise<string>
  /** The same, for what is no text. */
  bytes(...args: string[]): Promise<Buffer>
  /** `kubo:` and where its RPC API listens. */
  address(): Promise<string>
  readonly home: string
  /** Of its daemon. */
  readonly pid: number
  stop(): Promise<void>
  /** After `stop`, on what it had. */
  restart(): Promise<void>
}

/** A stock Kubo that knows nobody and listens on loopback only. @param more settings besides, as of `ipfs config --json` */
export async function startKubo(home: string, more: Readonly<Record<string, unknown>> = {}): Promise<Kubo> {
  const env = { ...process.env, IPFS_PATH: home }
  const ipfs = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(KUBO, args, { env, timeout: 180_000, maxBuffer: 16 * MIB })
    return stdout.trim()
  }
  const bytes = async (...args: string[]): Promise<Buffer> => {
    const options = { env, timeout: 60_000, maxBuffer: 64 * MIB, encoding: 'buffer' } as const
    return (await promisify(execFile)(KUBO, args, options)).stdout
  }
  await ipfs('init', '--profile=unixfs-v1-2025')
  await ipfs('bootstrap', 'rm', '--all')
  const settings = {
    'Routing.Type': 'none',
    'Discovery.MDNS.Enabled': false,
    'AutoConf.Enabled': false,
    'AutoTLS.Enabled': false,
    'Addresses.Swarm': ['/ip4/127.0.0.1/tcp/0'],
    'Addresses.API': '/ip4/127.0.0.1/tcp/0',
    'Addresses.Gateway': [],
    'Swarm.RelayClient.Enabled': false,
    ...more,
  }
  for (const [key, value] of Object.entries(settings)) await ipfs('config', '--json', key, JSON.stringify(value))
  let daemon = await start(env)
  const stop = async (): Promise<void> => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return
    const exited = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill('SIGTERM')
    await exited
  }
  return {
    home,
    get pid() {
      return daemon.pid ?? 0
    },
    ipfs,
    bytes,
    // Kubo writes there on which port it listens.
    address: async () => `kubo:${(await readFile(join(home, 'api'), 'utf8')).trim()}`,
    stop,
    restart: async () => {
      daemon = await start(env)
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function start(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const daemon = spawn(KUBO, ['daemon'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    daemon.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Daemon is ready')) resolve()
    })
    daemon.once('exit', () => reject(new Error(`Kubo ended: ${output}`)))
  })
  return daemon
}
