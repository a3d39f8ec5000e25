import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { encodeJournal } from '../../../src/adapters/files/journal-format.ts'
import { createPeer } from '../../../src/peer/create-peer.ts'
import type { Peer } from '../../../src/peer/types.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { blocksIn, flipBit, packedRecords } from '../../support/disk/stored-blocks.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { type ChainServer, startChainServer } from '../../support/history/chain-server.ts'
import { longChain, writeDataDir } from '../../support/history/long-chain.ts'
import { contributionBy } from '../../support/protocols/messages.ts'
import { testKey } from '../../support/protocols/network.ts'

const ROUNDS = 5
const DEADLINE_MS = 60_000
/** One file at a time, each with a start of its own, by COLDMESH_DAMAGE=each; by default those that are mended together. */
const isEach = process.env['COLDMESH_DAMAGE'] === 'each'

/** What a flipped byte in a file of a data directory leads to. */
const KINDS: readonly {
  readonly path: RegExp
  readonly outcome: 'refused' | 'mended' | 'harmless'
  readonly says?: RegExp
}[] = [
  { path: /^key$/, outcome: 'refused', says: /One of .*key and .*key\.pub is damaged/ },
  { path: /^key\.pub$/, outcome: 'refused', says: /One of .*key and .*key\.pub is damaged/ },
  { path: /^config\.json$/, outcome: 'refused', says: /config\.json/ },
  { path: /^journal$/, outcome: 'refused', says: /The journal .*journal is damaged at byte 8/ },
  { path: /^(chain|evidence|reports|approvals|ratifications|amendments|weights)$/, outcome: 'mended' },
  { path: /^blocks\//, outcome: 'mended' },
  { path: /^(datastore|lock)\//, outcome: 'harmless' },
  { path: /^lock\.json$/, outcome: 'harmless' },
]

// docs/reliability.md: fault 43 (a flipped byte on the disk), in every file of a data directory.
describe('a byte that flips in a data directory', () => {
  let dir: string
  let chain: TestChain
  let server: ChainServer
  let whole: string
  let files: readonly string[] = []
  const open = new AsyncDisposableStack()
  let made = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'coldmesh-damage-'))
    chain = await longChain(ROUNDS)
    server = open.use(await startChainServer(chain, { isWhole: true }))
    whole = join(dir, 'whole')
    const key = testKey('damaged')
    await writeDataDir(whole, chain, { key })
    const own = contributionBy(key, chain.net, { round: ROUNDS + 1, parent: chain.head.base })
    await writeFile(join(whole, 'journal'), encodeJournal([own.envelope, own.envelope]), { mode: 0o600 })
    for (const name of ['evidence', 'reports'])
      await writeFile(join(whole, name), encodeJournal([new Uint8Array(99), new Uint8Array(200)]))
    const peer = await start(whole)
    await peer.stop()
    files = (await readdir(whole, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(whole, join(entry.parentPath, entry.name)).split(sep).join('/'))
  })
  after(async () => {
    await open.disposeAsync()
    await rm(dir, { recursive: true, force: true })
  })

  async function start(dataDir: string): Promise<Peer> {
    return await createPeer({
      ...{ dataDir, peers: [server.address], listen: ['/ip4/127.0.0.1/tcp/0'] },
      // Of what is kept no longer nothing is mended.
      ...{ mdns: false, dht: false, joinTimeoutMs: 15_000, keepRounds: 'all' },
    })
  }

  async function damage(names: readonly string[]): Promise<string> {
    const copy = join(dir, `copy-${made++}`)
    await cp(whole, copy, { recursive: true })
    // Of every packed block a byte: in its bytes, or of a directory in the header before them.
    const packed = names.some((name) => name.startsWith('blocks/')) ? await packedRecords(join(copy, 'blocks')) : []
    const directories = [...chain.store.blocks.keys()]
      .map((text) => CID.parse(text))
      .filter(({ code }) => code === 0x70)
    for (const { path, at, length, digest } of packed) {
      const isDirectory = directories.some(({ multihash }) => digest.equals(multihash.digest))
      await flipBit(path, isDirectory ? at - 30 : at + Math.floor(length / 2))
    }
    for (const name of names.filter((name) => !name.startsWith('blocks/'))) {
      const bytes = await readFile(join(copy, name))
      const at = name === 'config.json' ? bytes.indexOf('bafy') + 20 : Math.floor(bytes.length / 2)
      if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      await writeFile(join(copy, name), bytes)
    }
    return copy
  }

  const of = (outcome: string) => files.filter((name) => KINDS.find(({ path }) => path.test(name))?.outcome === outcome)
  const groups = (names: readonly string[]) => (isEach ? names.map((name) => [name]) : [names])

  it('has an answer for every file that a peer leaves', () => {
    assert.deepEqual(
      files.filter((name) => !KINDS.some(({ path }) => path.test(name))),
      [],
    )
    assert.ok(of('mended').length > 3, `${of('mended')}`)
    assert.ok(of('harmless').length > 5, `${of('harmless')}`)
  })

  it('in key, config or journal is refused at the start, naming the file and what to do; nothing is changed', async () => {
    for (const name of of('refused')) {
      const copy = await damage([name])
      const says = KINDS.find(({ path }) => path.test(name))?.says
      await assert.rejects(start(copy), (error) => {
        assert.ok(isColdmeshError(error), String(error))
        assert.match(error.message, says ?? /never/, name)
        assert.ok(error.hint !== undefined && error.hint.length > 20, name)
        return true
      })
      assert.notDeepEqual(await readFile(join(copy, name)), await readFile(join(whole, name)), name)
    }
  })

  it('in blocks, chain, evidence or reports is mended from what is here and from peers, and told', async () => {
    for (const names of groups(of('mended'))) {
      const copy = await damage(names)
      const peer = await start(copy)
      const blocks = names.filter((name) => name.startsWith('blocks/'))
      await until(peer, async () => blocks.length === 0 || (await isWhole(copy)))
      assert.equal(peer.status().base, String(chain.head.base))
      assert.equal(peer.status().round, ROUNDS + 1)
      if (names.includes('chain')) assert.match(JSON.stringify(peer.status().troubles), /chain.damaged/)
      await peer.stop()
      for (const name of names.filter((name) => !name.startsWith('blocks/')))
        assert.ok(existsSync(join(copy, `${name}.damaged`)), name)
      if (names.includes('chain'))
        assert.deepEqual(await readFile(join(copy, 'chain')), await readFile(join(whole, 'chain')))
    }
  })

  it('in the peer store or the lock costs nothing that matters', async () => {
    for (const names of groups(of('harmless'))) {
      const peer = await start(await damage(names))
      await until(peer, async () => peer.peers().length > 0)
      assert.equal(peer.status().base, String(chain.head.base))
      await peer.stop()
    }
  })

  async function isWhole(copy: string): Promise<boolean> {
    const stored = blocksIn(join(copy, 'blocks'))
    for (const text of chain.store.blocks.keys()) if (!(await stored.isWhole(CID.parse(text)))) return false
    return true
  }

  it('is not how a key forgets: a member with a copy of its directory from two rounds ago signs nothing', async () => {
    const old = join(dir, 'old')
    const member = chain.net.members[0] ?? testKey('nobody')
    await writeDataDir(old, chain, { key: member, rounds: ROUNDS - 2 })
    const peer = await start(old)
    await until(peer, async () => peer.status().round === ROUNDS + 1)
    assert.match(String(peer.status().muted), new RegExp(`signed round ${ROUNDS}, which its journal does not know`))
    await peer.stop()
  })
})

/** Looks again after each event, and every now and then: a block that is mended quietly tells nobody. */
async function until(peer: Peer, check: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const events = peer.events({ signal })[Symbol.asyncIterator]()
  while (!(await check())) {
    if (signal.aborted) throw new Error(`deadline: ${JSON.stringify(peer.status())}`)
    await events.next()
  }
}
