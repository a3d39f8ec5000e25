import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { importFile, readFile } from '../../../src/checkpoint/unixfs.ts'
import { openSpool } from '../../../src/peer/archive/spool.ts'
import { createWebStore } from '../../../src/peer/archive/web-store.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { serveWeb } from '../../support/archive/web-server.ts'
import { memoryStore } from '../../support/history/memory-store.ts'

const LEAVES = 20
const AT_ONCE = 8

async function fileInMemory() {
  const store = memoryStore()
  const chunks = Array.from({ length: LEAVES }, (_, i) => new Uint8Array(1_048_576).fill(i + 1))
  const { cid, bytes } = await importFile(chunks, (block, content) => store.put(block, content))
  return { store, cid, bytes }
}

const cidIn = (url = '') => CID.parse(/^\/ipfs\/(\w+)/.exec(url)?.[1] ?? '')

describe('createWebStore', () => {
  it('asks for the next leaves of a file that is read in order, each once', async () => {
    const { store, cid, bytes } = await fileInMemory()
    const held: (() => void)[] = []
    // From the fourth block on a server that answers when eight wait, or when no more can come.
    let answered = 0
    await using server = await serveWeb((request, response: ServerResponse) => {
      const answer = () => void store.get(cidIn(request.url)).then((block) => response.end(block))
      if (++answered <= 3) return answer()
      held.push(answer)
      if (held.length >= AT_ONCE || answered > LEAVES) for (const release of held.splice(0)) release()
    })
    await using spool = await openSpool()
    const url = new URL(server.url)
    await using web = createWebStore({ gateway: url, spool, maxBytes: 2 * bytes, stallMs: 10_000 })
    let read = 0
    for await (const leaf of readFile(cid, web.get, { maxBytes: bytes })) read += leaf.length
    assert.equal(read, bytes)
    assert.equal(new Set(server.asked).size, server.asked.length)
    assert.equal(server.asked.length, LEAVES + 1)
    assert.ok(spool.bytes >= bytes)
  })

  it('asks for no leaf besides the one that is wanted', async () => {
    const { store, cid } = await fileInMemory()
    await using server = await serveWeb((request, response) => {
      void store.get(cidIn(request.url)).then((block) => response.end(block))
    })
    await using spool = await openSpool()
    await using web = createWebStore({ gateway: new URL(server.url), spool, maxBytes: 1 << 30 })
    await web.get(cid)
    const leaves = [...store.blocks.keys()].filter((key) => key !== String(cid)).map((key) => CID.parse(key))
    for (const leaf of [leaves[3], leaves[11], leaves[3]]) await web.get(leaf ?? assert.fail())
    assert.equal(server.asked.length, 3, 'the node and two leaves')
  })

  it('comes again when the gateway is busy', async () => {
    const { store, cid } = await fileInMemory()
    let asked = 0
    await using server = await serveWeb((request, response) => {
      if (++asked < 3) response.writeHead(503, { 'retry-after': '0' }).end()
      else void store.get(cidIn(request.url)).then((block) => response.end(block))
    })
    await using spool = await openSpool()
    await using web = createWebStore({ gateway: new URL(server.url), spool, maxBytes: 1 << 30 })
    assert.deepEqual(await web.get(cid), await store.get(cid))
  })

  it('says what it was that it needed too much of', async () => {
    const { store, cid, bytes } = await fileInMemory()
    await using server = await serveWeb((request, response) => {
      void store.get(cidIn(request.url)).then((block) => response.end(block))
    })
    await using spool = await openSpool()
    await using web = createWebStore({ gateway: new URL(server.url), spool, maxBytes: 3_000_000 })
    const reading = Array.fromAsync(readFile(cid, web.get, { maxBytes: bytes }))
    await assert.rejects(reading, (error) => isColdmeshError(error, 'too-large'))
    assert.ok(isColdmeshError(web.excess, 'too-large'))
  })
})
