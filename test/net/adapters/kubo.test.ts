import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { CID } from 'multiformats/cid'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { importFiles, patterned } from './content.ts'
import { addressOf, startNode, temporaryDirectory } from './support.ts'

const MIB = 1024 * 1024
const CACHE = process.env['COLDMESH_CACHE'] ?? join(homedir(), '.cache', 'coldmesh')
const KUBO = join(CACHE, 'kubo', 'ipfs')
// CI builds Kubo, and fails without it; elsewhere it takes Go and minutes.
const skip =
  existsSync(KUBO) || process.env['CI'] !== undefined ? false : 'no Kubo here: test/reference/kubo/check.sh --build'

/** A stock Kubo that knows nobody and listens on loopback only. */
async function startKubo(home: string) {
  const env = { ...process.env, IPFS_PATH: home }
  const ipfs = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(KUBO, args, { env, timeout: 30_000, maxBuffer: MIB })
    return stdout.trim()
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
  }
  for (const [key, value] of Object.entries(settings)) await ipfs('config', '--json', key, JSON.stringify(value))
  const daemon = spawn(KUBO, ['daemon'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  await ready(daemon)
  return {
    ipfs,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => daemon.once('exit', resolve))
      daemon.kill('SIGTERM')
      await exited
    },
  }
}

async function ready(daemon: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    daemon.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Daemon is ready')) resolve()
    })
    daemon.once('exit', () => reject(new Error(`Kubo ended: ${output}`)))
  })
}

describe('with a stock Kubo', { skip }, () => {
  it('gives it a file by CID, and takes one from it, over the same connection', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    await using node = await startNode()
    await using store = await createContentStore({ dir: join(directory.path, 'blocks'), node, log: nullLog })
    await store.start()

    const ours = patterned(40 * MIB + 3, 1)
    const given = await importFiles(store, { 'model.safetensors': ours })
    await kubo.ipfs('swarm', 'connect', addressOf(node))
    const copy = join(directory.path, 'copy')
    await kubo.ipfs('get', '--output', copy, given.toString())
    assert.ok((await readFile(copy)).equals(ours))

    const theirs = join(directory.path, 'theirs')
    await writeFile(theirs, patterned(10 * MIB + 1, 2))
    const taken = CID.parse(await kubo.ipfs('add', '--quieter', theirs))
    const size = 10 * MIB + 1
    const done = await store.fetch(taken, { shape: 'file', maxBytes: size, fileBytes: size, timeoutMs: 30_000 })
    assert.equal(done.blocks, 12)
  })

  it('is found by it through a provider address alone', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    await using node = await startNode()
    await using store = await createContentStore({ dir: null, node, log: nullLog })
    await store.start()
    const file = join(directory.path, 'file')
    await writeFile(file, patterned(2 * MIB, 3))
    const cid = CID.parse(await kubo.ipfs('add', '--quieter', file))
    const { Addresses = [] }: { Addresses?: string[] } = JSON.parse(await kubo.ipfs('id'))
    const done = await store.fetch(cid, {
      shape: 'file',
      maxBytes: 2 * MIB,
      providers: Addresses,
      timeoutMs: 30_000,
    })
    assert.equal(done.blocks, 3)
  })
})
