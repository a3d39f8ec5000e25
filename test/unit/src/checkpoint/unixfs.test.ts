import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode } from '@ipld/dag-pb'
import fc from 'fast-check'
import { UnixFS } from 'ipfs-unixfs'
import { importFile as importWithLibrary } from 'ipfs-unixfs-importer'
import { CID } from 'multiformats/cid'
import { dagPbCid, rawCid } from '../../../../src/checkpoint/cid.ts'
import { bytesFromTsize, encodeNode, treeTsize } from '../../../../src/checkpoint/file-tree.ts'
import {
  encodeDirectory,
  fileTsize,
  importFile,
  isCanonicalCid,
  isFileCid,
  LEAF_BYTES,
  listLeaves,
  readFile,
} from '../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { computeFile, fillBytes, readGolden } from '../../../reference/kubo/golden.ts'

const VERSION_0 = CID.parse('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG')
const limits = { maxBytes: 2 ** 40 }
const golden = await readGolden()

function memory() {
  const blocks = new Map<string, Uint8Array>()
  const asked: string[] = []
  return {
    blocks,
    asked,
    put: (cid: CID, block: Uint8Array) => void blocks.set(cid.toString(), block),
    get: async (cid: CID) => {
      asked.push(cid.toString())
      const block = blocks.get(cid.toString())
      if (block === undefined) throw new Error(`no block ${cid}`)
      return block
    },
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** Bytes cut at the given places again and again. */
function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('importFile', () => {
  // 2^30 bytes and more take seconds: test/reference/kubo/check.sh computes them, and Kubo with it
  for (const { bytes, fill, cid, tsize } of golden.files.filter((file) => file.bytes < 2 ** 30)) {
    it(`gives ${bytes} ${fill} bytes the CID that Kubo gives`, async () => {
      assert.deepEqual(await computeFile({ bytes, fill }), { cid, tsize })
    })
  }

  it('gives the CID of the importer library under the same profile', async () => {
    const bytes = Buffer.concat(
      [...fillBytes({ bytes: 3 * LEAF_BYTES + 17, fill: 'pattern' })].map((chunk) => Buffer.from(chunk)),
    )
    const blockstore = { put: async (cid: CID) => cid }
    const theirs = await importWithLibrary({ content: bytes }, blockstore, { profile: 'unixfs-v1-2025' })
    assert.equal((await importFile([bytes], () => {})).cid.toString(), theirs.cid.toString())
    assert.equal(fileTsize(bytes.length), Number(theirs.size))
  })

  it('does not depend on how the source is cut', async () => {
    const bytes = new Uint8Array(2 * LEAF_BYTES + 5).map((_, i) => i * 13)
    const { cid } = await importFile([bytes], () => {})
    const sizes = fc
      .array(fc.integer({ min: 1, max: 1_500_000 }), { minLength: 1, maxLength: 5 })
      .filter((s) => s.some((n) => n > 50_000))
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (cuts, reuseBlocks) => {
        assert.equal((await importFile(cut(bytes, cuts), () => {}, { reuseBlocks })).cid.toString(), cid.toString())
      }),
      { numRuns: 25, seed: 7 },
    )
  })

  for (const chunkBytes of [LEAF_BYTES, 700_001, 2 * LEAF_BYTES]) {
    it(`gives blocks to keep, though the source reuses one Buffer of ${chunkBytes} bytes`, async () => {
      const store = memory()
      async function* source() {
        const buffer = Buffer.alloc(chunkBytes)
        for (let byte = 1; byte <= 6; byte++) yield buffer.fill(byte)
      }
      const { cid, bytes } = await importFile(source(), store.put)
      assert.equal(bytes, 6 * chunkBytes)
      for (const [text, block] of store.blocks) {
        const made = CID.parse(text).code === 0x55 ? rawCid(block) : dagPbCid(block)
        assert.equal(made.toString(), text)
      }
      const again = await collect(readFile(cid, store.get, limits))
      for (let i = 0; i < 6; i++)
        assert.deepEqual([again[i * chunkBytes], again[(i + 1) * chunkBytes - 1]], [i + 1, i + 1])
    })
  }

  it('builds nodes over nodes when there are more than 1,024 leaves', async () => {
    const leaf = new Uint8Array(LEAF_BYTES)
    const blocks = new Map<string, Uint8Array>()
    let total = 0
    const put = (cid: CID, block: Uint8Array) => {
      blocks.set(cid.toString(), block)
      total += block.length
    }
    const source = Array.from({ length: 1025 }, () => leaf)
    const { cid, bytes } = await importFile(source, put, { reuseBlocks: true })
    assert.equal(bytes, 1025 * LEAF_BYTES)
    assert.equal(blocks.size, 4) // one leaf, two nodes over leaves, the root
    assert.equal(fileTsize(bytes), total)
    const get = async (wanted: CID) => blocks.get(wanted.toString()) ?? assert.fail()
    assert.equal((await listLeaves(cid, get, limits)).leaves.length, 1025)
  })
})

describe('listLeaves', () => {
  it('lists leaves in order with their lengths, reading nodes only', async () => {
    const store = memory()
    const { cid } = await importFile(fillBytes({ bytes: 2 * LEAF_BYTES + 1, fill: 'pattern' }), store.put)
    const { leaves, bytes } = await listLeaves(cid, store.get, limits)
    assert.deepEqual(
      leaves.map((leaf) => leaf.bytes),
      [LEAF_BYTES, LEAF_BYTES, 1],
    )
    assert.equal(bytes, 2 * LEAF_BYTES + 1)
    assert.deepEqual(store.asked, [cid.toString()])
  })

  it('takes a single raw leaf, an empty one too', async () => {
    for (const length of [0, 1, LEAF_BYTES]) {
      const store = memory()
      const { cid } = await importFile([new Uint8Array(length)], store.put)
      assert.deepEqual(await listLeaves(cid, store.get, limits), { leaves: [{ cid, bytes: length }], bytes: length })
    }
  })

  // each puts a root that is not what the profile gives; faults 33-39
  const leaf = rawCid(new Uint8Array(LEAF_BYTES))
  const small = rawCid(new Uint8Array(1))
  const two = [
    { cid: leaf, bytes: LEAF_BYTES },
    { cid: small, bytes: 1 },
  ]
  const fileData = (sizes: readonly number[], extra = {}) =>
    new UnixFS({ type: 'file', blockSizes: sizes.map(BigInt), ...extra }).marshal()
  const link = (Hash: CID, Tsize: number, Name = '') => ({ Hash, Tsize, Name })
  const node = (Data: Uint8Array, Links: { Hash: CID; Tsize: number; Name: string }[]) => encode({ Data, Links })
  const rejected: readonly [string, Uint8Array, RegExp][] = [
    ['a directory', encodeDirectory([]).block, /is a directory where a file/],
    ['a symlink', node(new UnixFS({ type: 'symlink', data: new Uint8Array(3) }).marshal(), []), /is a symlink/],
    [
      'a sharded directory',
      node(
        new UnixFS({
          type: 'hamt-sharded-directory',
          fanout: 256n,
          hashType: 0x22n,
          data: new Uint8Array(1),
        }).marshal(),
        [],
      ),
      /is a hamt-sharded-directory/,
    ],
    ['garbage', new Uint8Array([1, 2, 3]), /not a UnixFS node/],
    ['a node without data', encode({ Links: [] }), /at most 1 MiB/],
    [
      'a node over a single leaf of a small file',
      encodeNode([{ cid: small, bytes: 1 }], 1).block,
      /at most 1 MiB is one raw leaf/,
    ],
    [
      'a file inlined into its root',
      node(new UnixFS({ type: 'file', data: new Uint8Array(9) }).marshal(), []),
      /at most 1 MiB/,
    ],
    [
      'chunks of 256 KiB',
      encodeNode(
        Array.from({ length: 5 }, () => ({ cid: small, bytes: 262_144 })),
        1,
      ).block,
      /5 links where 2 are canonical/,
    ],
    [
      'a short leaf before the last',
      encodeNode(
        [
          { cid: small, bytes: 1 },
          { cid: leaf, bytes: LEAF_BYTES },
        ],
        1,
      ).block,
      /not canonical/,
    ],
    ['a wrong Tsize', node(fileData([LEAF_BYTES, 1]), [link(leaf, LEAF_BYTES), link(small, 2)]), /not canonical/],
    ['a named link', node(fileData([LEAF_BYTES, 1]), [link(leaf, LEAF_BYTES), link(small, 1, 'x')]), /not canonical/],
    [
      'a mode',
      node(fileData([LEAF_BYTES, 1], { mode: 0o600 }), [link(leaf, LEAF_BYTES), link(small, 1)]),
      /not canonical/,
    ],
    [
      'data before links',
      encode(
        { Data: fileData([LEAF_BYTES, 1]), Links: [link(leaf, LEAF_BYTES), link(small, 1)] },
        { fieldOrder: 'data-first' },
      ),
      /not canonical/,
    ],
    [
      'nodes where leaves belong',
      node(fileData([LEAF_BYTES, 1]), [link(dagPbCid(new Uint8Array(1)), LEAF_BYTES), link(small, 1)]),
      /another kind/,
    ],
    [
      'a link with a CIDv0',
      node(fileData([LEAF_BYTES, 1]), [link(VERSION_0, LEAF_BYTES), link(small, 1)]),
      /another kind/,
    ],
    [
      'more links than sizes',
      node(fileData([LEAF_BYTES, 1]), [link(leaf, LEAF_BYTES), link(small, 1), link(small, 1)]),
      /3 links where 2/,
    ],
    ['a node of more than 128 KiB', new Uint8Array(131_073), /at most 131072/],
  ]
  for (const [title, block, reason] of rejected) {
    it(`rejects ${title}`, async () => {
      const store = memory()
      const cid = dagPbCid(block)
      store.put(cid, block)
      await assert.rejects(
        listLeaves(cid, store.get, limits),
        (error) => isColdmeshError(error, 'bad-checkpoint') && reason.test(error.message),
      )
      assert.equal(store.asked.length, 1)
    })
  }

  it('accepts the two-leaf node that those are variations of', async () => {
    const store = memory()
    const { cid, block } = encodeNode(two, 1)
    store.put(cid, block)
    assert.deepEqual(await listLeaves(cid, store.get, limits), { leaves: two, bytes: LEAF_BYTES + 1 })
  })

  it('stops at the stated length before reading anything below, be it 2^50 bytes', async () => {
    const store = memory()
    const sizes = Array.from({ length: 1024 }, () => 2 ** 40)
    const block = node(
      fileData(sizes),
      sizes.map(() => link(dagPbCid(new Uint8Array()), 2 ** 40)),
    )
    store.put(dagPbCid(block), block)
    await assert.rejects(listLeaves(dagPbCid(block), store.get, { maxBytes: 1e9 }), (error) =>
      isColdmeshError(error, 'too-large'),
    )
    assert.equal(store.asked.length, 1)
  })

  it('rejects a length beyond 2^53', async () => {
    const store = memory()
    const data = new UnixFS({ type: 'file', blockSizes: [2n ** 63n, 2n ** 63n] }).marshal()
    const block = node(data, [link(leaf, 1), link(leaf, 1)])
    store.put(dagPbCid(block), block)
    await assert.rejects(listLeaves(dagPbCid(block), store.get, limits), /too many/)
  })

  it('rejects an inner node that lies about its length', async () => {
    const store = memory()
    const full = encodeNode(
      Array.from({ length: 1024 }, () => ({ cid: leaf, bytes: LEAF_BYTES })),
      1,
    )
    const liar = encodeNode(
      [
        { cid: small, bytes: 1 },
        { cid: small, bytes: 1 },
      ],
      1,
    )
    const root = encodeNode([full, { cid: liar.cid, bytes: LEAF_BYTES }], 2)
    for (const made of [full, liar, root]) store.put(made.cid, made.block)
    await assert.rejects(listLeaves(root.cid, store.get, limits), /2 links where 1/)
  })

  it('rejects other hashes, lengths, codecs and versions before reading', async () => {
    const digest = rawCid(new Uint8Array(1)).multihash.digest
    const texts = [
      VERSION_0,
      CID.decode(new Uint8Array([1, 0x71, 0x12, 32, ...digest])),
      CID.decode(new Uint8Array([1, 0x55, 0x12, 20, ...digest.subarray(0, 20)])),
      CID.decode(new Uint8Array([1, 0x55, 0x12, 1, 7])),
      CID.decode(new Uint8Array([1, 0x55, 0, 3, 1, 2, 3])),
      CID.decode(new Uint8Array([1, 0x55, 0x1e, 32, ...digest])),
    ]
    for (const cid of texts) {
      const store = memory()
      assert.equal(isCanonicalCid(cid), false, cid.toString())
      await assert.rejects(listLeaves(cid, store.get, limits), (error) => isColdmeshError(error, 'bad-checkpoint'))
      assert.equal(store.asked.length, 0)
    }
  })

  it('rejects a raw root of more than 1 MiB', async () => {
    const store = memory()
    const block = new Uint8Array(LEAF_BYTES + 1)
    store.put(rawCid(block), block)
    await assert.rejects(listLeaves(rawCid(block), store.get, limits), /at most 1 MiB/)
  })
})

describe('readFile', () => {
  it('gives back what was imported', async () => {
    const bytes = new Uint8Array(LEAF_BYTES + 100).map((_, i) => i * 7)
    const store = memory()
    const { cid } = await importFile([bytes], store.put)
    assert.deepEqual(await collect(readFile(cid, store.get, limits)), Buffer.from(bytes))
  })

  it('rejects a leaf of another length than its place has', async () => {
    const store = memory()
    const { cid, block } = encodeNode(
      [
        { cid: leafOf(5), bytes: LEAF_BYTES },
        { cid: leafOf(5), bytes: 5 },
      ],
      1,
    )
    store.put(cid, block)
    store.put(leafOf(5), new Uint8Array(5))
    await assert.rejects(collect(readFile(cid, store.get, limits)), /has 5 bytes where 1048576 are canonical/)
  })

  function leafOf(bytes: number): CID {
    return rawCid(new Uint8Array(bytes))
  }
})

describe('fileTsize', () => {
  it('is the bytes of all blocks of a file', async () => {
    for (const bytes of [0, 1, LEAF_BYTES, LEAF_BYTES + 1, 3 * LEAF_BYTES]) {
      let total = 0
      const put = (_: CID, block: Uint8Array) => {
        total += block.length
      }
      await importFile(fillBytes({ bytes, fill: 'zero' }), put, { reuseBlocks: true })
      assert.equal(fileTsize(bytes), total)
    }
  })

  it('tells the length of a file, and which sizes no file has', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(4 * LEAF_BYTES), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 45 })),
        (bytes) => {
          assert.equal(bytesFromTsize(treeTsize(bytes)), bytes)
        },
      ),
      { numRuns: 300, seed: 7 },
    )
    assert.equal(bytesFromTsize(LEAF_BYTES + 1), null)
  })
})

describe('isFileCid', () => {
  it('knows that up to 1 MiB a file is a raw leaf and beyond a node', () => {
    const [raw, nodeCid] = [rawCid(new Uint8Array()), dagPbCid(new Uint8Array())]
    assert.deepEqual([isFileCid(raw), isFileCid(nodeCid)], [true, true])
    assert.deepEqual([isFileCid(raw, LEAF_BYTES), isFileCid(nodeCid, LEAF_BYTES)], [true, false])
    assert.deepEqual([isFileCid(raw, LEAF_BYTES + 1), isFileCid(nodeCid, LEAF_BYTES + 1)], [false, true])
  })
})
