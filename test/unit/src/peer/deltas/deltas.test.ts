import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { memoryContentStore } from '../../../../../src/adapters/memory/content-store.ts'
import { memoryLog } from '../../../../../src/adapters/memory/log.ts'
import { encodeDelta } from '../../../../../src/checkpoint/delta/delta-file.ts'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import { importFile, LEAF_BYTES, readFile } from '../../../../../src/checkpoint/unixfs.ts'
import { createDeltaBook, type HeldDelta } from '../../../../../src/peer/deltas/book.ts'
import { fetchByDelta } from '../../../../../src/peer/deltas/fetch.ts'
import { makeDelta, widthOf } from '../../../../../src/peer/deltas/make.ts'
import { type DeltaMode, isNear, wantsDeltas } from '../../../../../src/peer/deltas/mode.ts'
import type { ContentStore } from '../../../../../src/ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../../../../src/ports/errors.ts'
import { KEEPS_ALL } from '../../../../support/peer/keeps-all.ts'

const ELEMENTS = 700_000
const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [ELEMENTS] }])
const FAR = '/ip4/203.0.113.9/tcp/4001'

function file(move: (i: number) => number): Uint8Array {
  const bytes = new Uint8Array(layout.totalBytes)
  bytes.set(layout.header)
  const floats = new Float32Array(bytes.buffer, layout.dataStart, ELEMENTS)
  for (let i = 0; i < ELEMENTS; i++) floats[i] = Math.cos(i * 1.7) * 0.05 + move(i)
  return bytes
}

const base = file(() => 0)
const checkpoint = file((i) => (i > 300_000 ? Math.sin(i) * 1e-6 : 0))

async function put(store: ContentStore, bytes: Uint8Array): Promise<CID> {
  return (await importFile([bytes], (cid, block) => store.put(cid, block))).cid
}

async function deltaOf(bytes: Uint8Array): Promise<Uint8Array> {
  const at = (whole: Uint8Array, leaf: number) => whole.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)
  const pairs = Array.from({ length: Math.ceil(bytes.length / LEAF_BYTES) }, (_, i) => ({
    leaf: at(bytes, i),
    base: at(base, i),
  }))
  const changed = pairs.filter(({ leaf, base: old }) => Buffer.compare(leaf, old) !== 0)
  return Buffer.concat(await Array.fromAsync(encodeDelta(changed, { width: 4 })))
}

function meshWith(...addresses: readonly string[]) {
  return {
    self: 'me',
    addresses: () => [],
    peers: () => [{ id: 'author', addresses: [...addresses], score: 0 }],
    connect: () => Promise.reject(new Error('not dialled')),
    nextDial: () => null,
    onChange: () => () => {},
  }
}

/** An author who made a delta, and a peer that has the base and can fetch what the author has. */
async function scene({
  mode = 'on',
  offer,
}: {
  mode?: DeltaMode
  offer?: (author: ContentStore) => Promise<HeldDelta | null>
} = {}) {
  const [author, peer] = [memoryContentStore(), memoryContentStore()]
  peer.connect('author', author)
  const [baseCid, cid] = [await put(author, base), await put(author, checkpoint)]
  await put(peer, base)
  const common = { keeping: KEEPS_ALL, mesh: meshWith(FAR), deltaMode: mode, log: memoryLog() }
  const made = createDeltaBook()
  const toPack = { round: 1, cid, base: { cid: baseCid, bytes: base } }
  await makeDelta({ ...common, store: author, facts: { layout }, deltas: made }, toPack)

  const fetched: string[] = []
  const deltas = createDeltaBook()
  let asked = 0
  const refused = new Set<string>()
  const fetch = (): Promise<void> =>
    fetchByDelta(
      {
        ...common,
        deltas,
        signal: new AbortController().signal,
        store: {
          ...peer,
          fetch: (root, options) => {
            fetched.push(String(root))
            return peer.fetch(root, options)
          },
        },
        sync: {
          delta: async () => {
            asked++
            return offer === undefined ? made.of(cid, baseCid) : await offer(author)
          },
        },
      },
      {
        round: 1,
        checkpoint: cid,
        bytes: checkpoint.length,
        base: baseCid,
        peers: ['author'],
        how: { timeoutMs: 1000 },
      },
      refused,
    )
  const isWhole = async () => {
    const chunks = await Array.fromAsync(readFile(cid, (block) => peer.get(block), { maxBytes: checkpoint.length }))
    return Buffer.concat(chunks).equals(checkpoint)
  }
  return { cid, baseCid, made, deltas, fetch, fetched, isWhole, refused, asked: () => asked, peer }
}

const isMissing = (error: unknown) => isColdmeshError(error, 'block-missing')

describe('a checkpoint that its author packed', () => {
  it('comes whole by its delta and its nodes, no leaf being fetched, and can be handed on', async () => {
    const { made, cid, baseCid, deltas, fetch, fetched, isWhole } = await scene()
    const held = made.of(cid, baseCid)
    assert.ok(held !== null && held.bytes < checkpoint.length / 4, `${held?.bytes}`)
    await fetch()
    assert.deepEqual(fetched, [String(cid), String(held.delta)])
    assert.ok(await isWhole())
    assert.deepEqual(deltas.of(cid, baseCid)?.delta, held.delta)
  })

  it('is not asked for when deltas are off, or when it is here', async () => {
    const off = await scene({ mode: 'off' })
    assert.equal(off.made.of(off.cid, off.baseCid), null)
    await off.fetch()
    assert.deepEqual([off.asked(), off.fetched], [0, []])
    const here = await scene()
    await put(here.peer, checkpoint)
    await here.fetch()
    assert.deepEqual([here.asked(), here.fetched], [0, []])
  })

  it('is left to the ordinary fetch where nobody has a delta', async () => {
    const { fetch, fetched, refused } = await scene({ offer: async () => null })
    await fetch()
    assert.deepEqual([fetched, refused.size], [[], 0])
  })
})

describe('a delta of somebody who lies', () => {
  async function lie(bytes: Uint8Array) {
    return await scene({
      offer: async (author) => ({ delta: await put(author, bytes), bytes: bytes.length }),
    })
  }

  it('brings nothing wrong here, and its sender is not asked again', async () => {
    const real = await deltaOf(checkpoint)
    const flipped = new Uint8Array(real)
    flipped[real.length - 9] = (flipped[real.length - 9] ?? 0) ^ 1
    const another = await deltaOf(file((i) => (i > 300_000 ? 1e-6 : 0)))
    for (const bytes of [flipped, another, real.subarray(0, -1), new Uint8Array(1000)]) {
      const { fetch, refused, asked, isWhole } = await lie(bytes)
      await fetch()
      assert.deepEqual([...refused], ['author'])
      await fetch()
      assert.equal(asked(), 1)
      await assert.rejects(isWhole(), isMissing)
    }
  })

  it('is told from a right one that goes on, though what it brought was right', async () => {
    const { fetch, refused, isWhole } = await lie(Buffer.concat([await deltaOf(checkpoint), Uint8Array.of(0)]))
    await fetch()
    assert.deepEqual([[...refused], await isWhole()], [['author'], true])
  })

  it('is not fetched when it is hardly shorter than the checkpoint, or no file of its length', async () => {
    for (const bytes of [Math.ceil(checkpoint.length * 0.76), LEAF_BYTES]) {
      const { fetch, fetched } = await scene({ offer: async () => ({ delta: cidOfNode, bytes }) })
      const cidOfNode = (await scene()).cid
      await fetch()
      assert.deepEqual(fetched, [])
    }
  })

  it('does not hide that this machine refuses', async () => {
    const { fetch } = await scene({
      offer: () => Promise.reject(new ColdmeshError('deadline', 'Too slow.')),
    })
    await fetch()
    const full = await scene()
    full.peer.put = () => Promise.reject(new ColdmeshError('refused', 'The disk is full.'))
    await assert.rejects(full.fetch(), (error) => isColdmeshError(error, 'refused'))
  })
})

describe('whether deltas are wanted', () => {
  it('by itself, where a peer is connected from another network', () => {
    assert.ok(wantsDeltas('auto', meshWith(FAR)))
    assert.ok(!wantsDeltas('auto', meshWith('/ip4/192.168.3.4/tcp/1')))
    assert.ok(!wantsDeltas('auto', meshWith()))
    assert.ok(wantsDeltas('on', meshWith()) && !wantsDeltas('off', meshWith(FAR)))
  })

  it('knows addresses of this machine and its network', () => {
    const near = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.0.1', '169.254.1.1']
    for (const ip of near) assert.ok(isNear(`/ip4/${ip}/tcp/1`), ip)
    for (const ip of ['::1', 'fd00::1', 'fe80::1']) assert.ok(isNear(`/ip6/${ip}/tcp/1`), ip)
    for (const ip of ['172.32.0.1', '11.0.0.1', '100.64.0.1']) assert.ok(!isNear(`/ip4/${ip}/tcp/1`), ip)
    assert.ok(!isNear('/ip6/2001:db8::1/tcp/1') && !isNear('/dns4/example.org/tcp/1'))
  })

  it('is packed by the elements that most of the file is made of', () => {
    const tensors = [
      { name: 'a', dtype: 'BF16', shape: [100] },
      { name: 'b', dtype: 'I32', shape: [10] },
    ] as const
    assert.deepEqual([widthOf(encodeLayout(tensors)), widthOf(layout)], [2, 4])
  })
})
