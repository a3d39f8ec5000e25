import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { initDataDir } from 'coldmesh'
import { readChain } from '../../src/peer/chain.ts'
import { type Daemon, startDaemon } from '../support/e2e/daemon.ts'
import type { TestChain } from '../support/history/build-chain.ts'
import { type ChainServer, startChainServer } from '../support/history/chain-server.ts'
import { longChain } from '../support/history/long-chain.ts'

const PAGE = 64
const ROUNDS = 2 * PAGE + 8

describe('a daemon that catches up', () => {
  let dir: string
  let chain: TestChain
  let server: ChainServer
  let daemon: Daemon | null = null
  let isKilled = false

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'coldmesh-e2e-'))
    await initDataDir(join(dir, 'newcomer'))
    chain = await longChain(ROUNDS)
    server = await startChainServer(chain, { bases: (frames, from) => (from > PAGE && !isKilled ? never() : frames) })
  })
  after(async () => {
    await daemon?.stop()
    await server[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const start = () =>
    startDaemon({
      name: 'newcomer',
      dataDir: join(dir, 'newcomer'),
      args: ['--network', server.invite, '--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht'],
    })

  // docs/reliability.md: fault 82; fault 47 (kill -9 in the middle of a catch-up).
  it('says how far it is, and after kill -9 goes on from there: no round is asked for twice', async () => {
    daemon = start()
    const told = await daemon.event(({ event }) => event === 'catching-up', 'the first page')
    assert.deepEqual([told['round'], told['of'], told['peer']], [PAGE, ROUNDS, server.peerId])
    const { catchUp } = await daemon.status()
    assert.match(JSON.stringify(catchUp), new RegExp(`"round":${PAGE},"of":${ROUNDS}`))
    daemon.kill()
    await daemon.ended
    isKilled = true
    assert.equal((await readChain(join(dir, 'newcomer', 'chain'))).entries.length, PAGE)
    daemon = start()
    const synced = await daemon.event(({ event }) => event === 'synced', 'the head')
    assert.deepEqual([synced['round'], synced['base']], [ROUNDS, String(chain.head.base)])
    assert.deepEqual(server.asked, [1, PAGE + 1, PAGE + 1, 2 * PAGE + 1])
  })
})

async function* never(): AsyncGenerator<Uint8Array> {
  await new Promise(() => {})
}
