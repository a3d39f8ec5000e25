/** What every adapter of a port must do, run on the real one and on the one in memory. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ACCEPT, reject } from '../../../protocols/wire/verdict.ts'
import { openJournal } from '../../../src/adapters/files/journal.ts'
import { memoryContentStore } from '../../../src/adapters/memory/content-store.ts'
import { memoryJournal } from '../../../src/adapters/memory/journal.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { memoryNetwork } from '../../../src/adapters/memory/network.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import type { Gossip } from '../../../src/ports/gossip.ts'
import type { Mesh } from '../../../src/ports/mesh.ts'
import type { Streams } from '../../../src/ports/streams.ts'
import type { Journal } from '../../../src/ports/system.ts'
import { cidOf, importFiles, patterned, putBlock } from './content.ts'
import { connected, link, startNode, subscribed, TOPIC, temporaryDirectory } from './support.ts'

const PROTOCOL = '/coldmesh/compliance/1'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (frame: Uint8Array): string => new TextDecoder().decode(frame)
const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)

interface Member {
  readonly gossip: Gossip
  readonly streams: Streams
  readonly mesh: Mesh
}

/** Three in a line, a - b - c; `ready` waits until all three, subscribed, hear each other. */
interface Line extends AsyncDisposable {
  readonly members: readonly [Member, Member, Member]
  ready(): Promise<void>
}

const networks: Readonly<Record<string, () => Promise<Line>>> = {
  memory: async () => {
    const network = memoryNetwork({ clock: createSystemClock() })
    const members = [network.join('a'), network.join('b'), network.join('c', { links: ['b'] })] as const
    return { members, ready: async () => {}, async [Symbol.asyncDispose]() {} }
  },
  libp2p: async () => {
    const streamLimits = { idleMs: 500 }
    const members = [
      await startNode({ streamLimits }),
      await startNode({ streamLimits }),
      await startNode({ streamLimits }),
    ] as const
    const [a, b, c] = members
    await link(a, b)
    await link(b, c)
    await connected([b], 2)
    await connected([a, c], 1)
    return {
      members,
      ready: async () => {
        await Promise.all([subscribed(a, 1), subscribed(b, 2), subscribed(c, 1)])
      },
      async [Symbol.asyncDispose]() {
        await Promise.all(members.map((member) => member.stop()))
      },
    }
  },
}

for (const [name, build] of Object.entries(networks)) {
  describe(`the ${name} network`, () => {
    it('relays along a line what is accepted there, once, and nothing else', async () => {
      await using line = await build()
      const [a, b, c] = line.members
      const heard: string[] = []
      const last = Promise.withResolvers<void>()
      a.gossip.subscribe(TOPIC, () => ACCEPT)
      b.gossip.subscribe(TOPIC, (message) => (text(message.bytes) === 'bad' ? reject('bad') : ACCEPT))
      c.gossip.subscribe(TOPIC, (message) => {
        assert.equal(message.from, b.mesh.self)
        heard.push(text(message.bytes))
        if (text(message.bytes) === 'last') last.resolve()
        return ACCEPT
      })
      await line.ready()
      assert.deepEqual(await a.gossip.publish(TOPIC, bytes('good')), { recipients: 1 })
      assert.deepEqual(await a.gossip.publish(TOPIC, bytes('good')), { recipients: 0 })
      await a.gossip.publish(TOPIC, bytes('bad'))
      await a.gossip.publish(TOPIC, bytes('last'))
      await last.promise
      assert.deepEqual(heard, ['good', 'last'])
    })

    it('answers a request, and fails with the codes of the port', async () => {
      await using line = await build()
      const [a, b] = line.members
      const request = { peer: b.mesh.self, protocol: PROTOCOL, request: bytes('hi'), maxBytes: 100, timeoutMs: 5000 }
      const read = async (more: Partial<Parameters<Streams['request']>[0]> = {}): Promise<string[]> => {
        const frames: string[] = []
        for await (const frame of a.streams.request({ ...request, ...more })) frames.push(text(frame))
        return frames
      }
      await assert.rejects(read(), failsWith('unreachable'))
      await b.streams.serve(PROTOCOL, async function* ({ from, bytes: question }) {
        assert.equal(from, a.mesh.self)
        if (text(question) === 'boom') throw new Error('our bug')
        if (text(question) === 'wait') await new Promise(() => {})
        yield question
        yield bytes('x'.repeat(90))
      })
      assert.deepEqual(await read(), ['hi', 'x'.repeat(90)])
      await assert.rejects(read({ maxBytes: 91 }), failsWith('too-large'))
      await assert.rejects(read({ request: bytes('boom') }), failsWith('unreachable'))
      await assert.rejects(read({ request: bytes('wait'), timeoutMs: 200 }), failsWith('deadline'))
      await assert.rejects(read({ signal: AbortSignal.abort() }), failsWith('aborted'))
      await assert.rejects(read({ request: bytes('wait'), signal: AbortSignal.timeout(100) }), failsWith('aborted'))
    })

    it('knows its peers', async () => {
      await using line = await build()
      const [a, b, c] = line.members
      assert.deepEqual(
        b.mesh
          .peers()
          .map(({ id }) => id)
          .toSorted(),
        [a.mesh.self, c.mesh.self].toSorted(),
      )
      const changes: string[] = []
      const stop = a.mesh.onChange(({ peer, connected: here }) => changes.push(`${peer} ${here}`))
      const [address = ''] = c.mesh.addresses()
      assert.equal((await a.mesh.connect(address)).id, c.mesh.self)
      stop()
      assert.deepEqual(changes, [`${c.mesh.self} true`])
      await assert.rejects(a.mesh.connect('nobody'), failsWith('unreachable'))
    })
  })
}

const journals: Readonly<Record<string, (path: string, before: Journal | undefined) => Promise<Journal>>> = {
  memory: async (_, before) => memoryJournal(before?.records),
  file: (path) => openJournal(path),
}

for (const [name, open] of Object.entries(journals)) {
  describe(`the ${name} journal`, () => {
    it('keeps records over a restart, and replaces them at once', async () => {
      await using directory = await temporaryDirectory()
      const path = join(directory.path, 'journal')
      const first = await open(path, undefined)
      const record = bytes('one')
      const written = first.append(record)
      record.fill(0)
      await written
      await first.append(bytes('two'))
      assert.deepEqual(first.records.map(text), ['one', 'two'])
      await first.close()
      await assert.rejects(first.append(bytes('late')))
      const second = await open(path, first)
      assert.deepEqual(second.records.map(text), ['one', 'two'])
      await second.rewrite([bytes('only')])
      await second.append(bytes('next'))
      await second.close()
      const third = await open(path, second)
      assert.deepEqual(third.records.map(text), ['only', 'next'])
      await third.close()
    })
  })
}

const stores: Readonly<Record<string, (directory: string) => Promise<ContentStore>>> = {
  memory: async () => memoryContentStore(),
  'helia in memory': () => createContentStore({ dir: null, node: null, log: nullLog }),
  'helia on disk': (directory) => createContentStore({ dir: join(directory, 'blocks'), node: null, log: nullLog }),
}

for (const [name, open] of Object.entries(stores)) {
  describe(`the content store: ${name}`, () => {
    it('keeps blocks by CID, and says so when it has none', async () => {
      await using directory = await temporaryDirectory()
      const store = await open(directory.path)
      const block = patterned(100)
      const cid = cidOf(block)
      assert.equal(await store.has(cid), false)
      await assert.rejects(store.get(cid), failsWith('block-missing'))
      await putBlock(store, block)
      await store.put(cid, block)
      assert.equal(await store.has(cid), true)
      assert.deepEqual(await store.get(cid), block)
      await store.delete(cid)
      await store.delete(cid)
      assert.equal(await store.has(cid), false)
    })

    it('does not hand out a block that does not match its CID', async () => {
      await using directory = await temporaryDirectory()
      const store = await open(directory.path)
      const cid = cidOf(patterned(100))
      await store.put(cid, patterned(100, 2))
      await assert.rejects(store.get(cid), failsWith('block-corrupt'))
    })

    it('fetches what is here without a network, and nothing else', async () => {
      await using directory = await temporaryDirectory()
      const store = await open(directory.path)
      const root = await importFiles(store, { 'base/a': patterned(3_000_000), 'base/b': bytes('b') })
      const done = await store.fetch(root, { shape: 'directory', maxBytes: 4_000_000, timeoutMs: 5000 })
      assert.equal(done.blocks, 6)
      await assert.rejects(
        store.fetch(root, { shape: 'directory', maxBytes: 2_000_000, timeoutMs: 5000 }),
        failsWith('too-large'),
      )
      await assert.rejects(
        store.fetch(cidOf(bytes('elsewhere')), { shape: 'block', maxBytes: 100, timeoutMs: 5000 }),
        failsWith('block-missing'),
      )
    })
  })
}
