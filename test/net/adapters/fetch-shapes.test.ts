import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CODEC, cidOf, directoryNode, fileNode, importFiles, patterned, putBlock, unixfsNode } from './content.ts'
import { MIB, party, refuses } from './party.ts'

describe('fetch of what is not as announced', () => {
  // Fault 38.
  it('refuses a directory for a file and a file for a directory', async () => {
    await using liar = await party()
    await using taker = await party()
    const directory = await importFiles(liar.store, { 'a/x': patterned(10), 'a/y': patterned(20) })
    const file = await importFiles(liar.store, { file: patterned(2 * MIB) })
    const leaf = await importFiles(liar.store, { file: patterned(5) })
    await refuses(taker, liar, directory, 'bad-checkpoint')
    await refuses(taker, liar, file, 'bad-checkpoint', { shape: 'directory' })
    await refuses(taker, liar, leaf, 'bad-checkpoint', { shape: 'directory' })
    assert.ok(!(await taker.store.has(directory)), 'what is not as announced is not kept')
  })

  // Fault 37.
  it('refuses a size that is not the announced one before it reads a leaf', async () => {
    await using liar = await party()
    await using taker = await party()
    const bytes = patterned(2 * MIB, 8)
    const file = await importFiles(liar.store, { file: bytes })
    await refuses(taker, liar, file, 'bad-checkpoint', { fileBytes: 2 * MIB + 1 })
    await refuses(taker, liar, file, 'bad-checkpoint', { fileBytes: 2 * MIB - 1 })
    await refuses(taker, liar, file, 'too-large', { maxBytes: 2 * MIB - 1 })
    assert.ok(!(await taker.store.has(cidOf(bytes.subarray(0, MIB)))))
  })

  // Faults 33 and 37.
  it('refuses a node whose sizes are not those of its children', async () => {
    await using liar = await party()
    await using taker = await party()
    const leaf = await putBlock(liar.store, patterned(100, 9))
    const put = (block: Uint8Array) => putBlock(liar.store, block, CODEC.DAG_PB)
    await refuses(taker, liar, await put(fileNode([[leaf, 101]])), 'bad-checkpoint', { fileBytes: 101 })
    await refuses(taker, liar, await put(fileNode([[leaf, 0]])), 'bad-checkpoint')
    const inner = await put(fileNode([[leaf, 100]]))
    await refuses(taker, liar, await put(fileNode([[inner, 300]])), 'bad-checkpoint')
    await refuses(taker, liar, await put(fileNode([[leaf, 100]], patterned(3))), 'bad-checkpoint')
    await refuses(taker, liar, await put(fileNode([[leaf, 3 * MIB]])), 'too-large')
  })

  // Faults 35 and 36.
  it('stops at the root of a bomb of links, and at the limit of a chain', async () => {
    await using liar = await party()
    await using taker = await party()
    const leaf = await putBlock(liar.store, patterned(64, 10))
    let node = leaf
    let size = 64
    for (let level = 0; level < 3; level++) {
      node = await putBlock(
        liar.store,
        fileNode(Array.from({ length: 1024 }, () => [node, size] as const)),
        CODEC.DAG_PB,
      )
      size *= 1024
    }
    await refuses(taker, liar, node, 'too-large')
    assert.ok(!(await taker.store.has(leaf)), 'nothing under the bomb was read')
    // The same graph inside the limit costs four blocks, not a thousand million.
    const done = await taker.store.fetch(node, { shape: 'file', maxBytes: size, fileBytes: size, timeoutMs: 10_000 })
    assert.equal(done.blocks, 4)

    let chain = leaf
    for (let depth = 0; depth < 10_000; depth++) {
      chain = await putBlock(liar.store, fileNode([[chain, 64]]), CODEC.DAG_PB)
    }
    await refuses(taker, liar, chain, 'too-large')
    const wide = fileNode(Array.from({ length: 1025 }, () => [leaf, 64] as const))
    await refuses(taker, liar, await putBlock(liar.store, wide, CODEC.DAG_PB), 'too-large')
  })

  // Fault 38.
  it('refuses directories that are paths, twice the same, sharded or symlinks', async () => {
    await using liar = await party()
    await using taker = await party()
    const leaf = await putBlock(liar.store, patterned(10, 11))
    const put = (block: Uint8Array) => putBlock(liar.store, block, CODEC.DAG_PB)
    for (const name of ['../x', '.', '', 'a/b', 'a\0b', 'x'.repeat(256)]) {
      await refuses(taker, liar, await put(directoryNode([[name, leaf]])), 'bad-checkpoint', { shape: 'directory' })
    }
    const twice = await put(
      directoryNode([
        ['a', leaf],
        ['a', leaf],
      ]),
    )
    await refuses(taker, liar, twice, 'bad-checkpoint', { shape: 'directory' })
    for (const type of ['hamt-sharded-directory', 'symlink', 'metadata', 'raw'] as const) {
      const cid = await put(unixfsNode(type))
      await refuses(taker, liar, cid, 'bad-checkpoint', { shape: 'directory' })
      await refuses(taker, liar, cid, 'bad-checkpoint')
    }
    await refuses(taker, liar, await put(Uint8Array.of(1, 2, 3)), 'bad-checkpoint')
  })

  // Fault 34.
  it('refuses names that are not canonical, above and below', async () => {
    await using liar = await party()
    await using taker = await party()
    const good = await putBlock(liar.store, patterned(10, 12))
    const digest = good.multihash.digest
    const file = await putBlock(liar.store, fileNode([[good, 10]]), CODEC.DAG_PB)
    const bad = [
      CID.createV0(createDigest(0x12, file.multihash.digest)),
      CID.createV0(createDigest(0x12, digest)),
      CID.createV1(0x71_71, good.multihash),
      CID.createV1(CODEC.RAW, createDigest(0x12, digest.subarray(0, 20))),
      CID.createV1(CODEC.RAW, createDigest(0x00, digest.subarray(0, 10))),
      CID.createV1(CODEC.RAW, createDigest(0x1e, digest)),
    ]
    for (const cid of bad) {
      await refuses(taker, liar, cid, 'bad-checkpoint')
      const node = await putBlock(liar.store, fileNode([[cid, 10]]), CODEC.DAG_PB)
      await refuses(taker, liar, node, 'bad-checkpoint')
    }
  })
})
