import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { openPackedBlocks } from '../../../../../src/adapters/blocks/packed-blocks.ts'
import { encodeHeader, HEADER_BYTES, readRecords } from '../../../../../src/adapters/blocks/packed-record.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { flipBit } from '../../../../support/disk/stored-blocks.ts'
import { looseBlocks } from './loose.ts'

const cidOf = (block: Uint8Array): CID => CID.createV1(0x55, create(0x12, hash('sha256', block, 'buffer')))
const blockOf = (n: number, length = 1000 + n) => new Uint8Array(length).fill(n)

async function onlyFile(directory: string): Promise<string> {
  const names = await readdir(directory)
  assert.equal(names.length, 1, String(names))
  return join(directory, names[0] ?? '')
}

/** Where the second block begins. */
function lastOf(path: string): number {
  const salt = Buffer.from(/-([0-9a-f]+)\.blocks$/.exec(path)?.[1] ?? '', 'hex')
  return readRecords(path, salt).records.findLast(({ length }) => length > 0)?.at ?? 0
}

describe('packed blocks', () => {
  it('take many at once, in one file', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    const all = Array.from({ length: 50 }, (_, n) => blockOf(n))
    await Promise.all([...all, ...all].map((block) => blocks.write(cidOf(block), block)))
    for (const opened of [blocks, await openPackedBlocks(directory.path)]) {
      for (const block of all) assert.deepEqual(await opened.read(cidOf(block)), block)
      assert.equal(opened.usage.blocks, 50)
      assert.equal(
        opened.usage.bytes,
        all.reduce((sum, { length }) => sum + length, 0),
      )
    }
    const { size } = await stat(await onlyFile(directory.path))
    assert.ok(size > blocks.usage.bytes && size < blocks.usage.bytes + 5_000, `${size}`)
  })

  it('lose one block by a flipped byte, whichever it is', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    const all = [1, 2, 3, 4].map((n) => blockOf(n, 70))
    for (const block of all) await blocks.write(cidOf(block), block)
    const path = await onlyFile(directory.path)
    const { size } = await stat(path)
    for (let at = 0; at < size; at++) {
      await flipBit(path, at)
      const again = await openPackedBlocks(directory.path)
      const read = await Promise.all(all.map((block) => again.read(cidOf(block))))
      const right = read.filter((block, i) => block !== undefined && Buffer.compare(block, all[i] ?? block) === 0)
      assert.ok(right.length >= 3, `byte ${at}`)
      again.close()
      await flipBit(path, at)
    }
  })

  it('do not take for a record what a block has in it', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    const inner = blockOf(9, 100)
    const header = encodeHeader({ digest: cidOf(inner).multihash.digest, length: 100, durable: 0 }, new Uint8Array(8))
    const bad = Buffer.concat([Buffer.from('cmb1'), header, inner])
    await blocks.write(cidOf(bad), bad)
    await blocks.write(cidOf(blockOf(1)), blockOf(1))
    await flipBit(await onlyFile(directory.path), 30)
    const again = await openPackedBlocks(directory.path)
    assert.equal(again.usage.blocks, 1)
    assert.deepEqual(await again.read(cidOf(blockOf(1))), blockOf(1))
  })

  it('delete for good, and give the space back', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    const all = Array.from({ length: 100 }, (_, n) => blockOf(n, 1_000_000))
    for (const block of all) await blocks.write(cidOf(block), block)
    assert.equal((await readdir(directory.path)).length, 2)
    for (const block of all.slice(0, 60)) assert.equal(await blocks.delete(cidOf(block)), 1_000_000)
    assert.equal(await blocks.delete(cidOf(blockOf(0, 1_000_000))), null)
    await blocks.flush()
    for (const opened of [blocks, await openPackedBlocks(directory.path)]) {
      assert.equal(opened.usage.blocks, 40)
      for (const [n, block] of all.entries()) assert.equal(await opened.has(cidOf(block)), n >= 60)
      for (const block of all.slice(60)) assert.deepEqual(await opened.read(cidOf(block)), block)
      assert.ok(opened.diskBytes < 80_000_000, `${opened.diskBytes}`)
    }
    for (const block of all.slice(60)) await blocks.delete(cidOf(block))
    await blocks.flush()
    assert.deepEqual(await readdir(directory.path), [])
    await blocks.write(cidOf(blockOf(1)), blockOf(1))
    assert.equal((await openPackedBlocks(directory.path)).usage.blocks, 1)
  })

  it('go on behind a torn end', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    for (const n of [1, 2]) await blocks.write(cidOf(blockOf(n)), blockOf(n))
    const path = await onlyFile(directory.path)
    for (const cut of [HEADER_BYTES - 1, HEADER_BYTES + 5, 1]) {
      await using elsewhere = await temporaryDirectory()
      const torn = elsewhere.path
      const file = await open(path, 'r')
      const bytes = Buffer.alloc(lastOf(path) + cut)
      await file.read(bytes, 0, bytes.length, 0)
      await file.close()
      await writeFile(join(torn, path.split('/').at(-1) ?? ''), bytes)
      const again = await openPackedBlocks(torn)
      assert.equal(again.usage.blocks, 1)
      for (const n of [3, 4]) await again.write(cidOf(blockOf(n)), blockOf(n))
      const third = await openPackedBlocks(torn)
      for (const n of [1, 3, 4]) assert.deepEqual(await third.read(cidOf(blockOf(n))), blockOf(n))
      assert.equal(third.usage.blocks, 3)
    }
  })

  it('say refused, with a next step, when the place is not a directory', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    await writeFile(path, '')
    await assert.rejects(
      openPackedBlocks(path),
      (error) => isColdmeshError(error, 'refused') && error.hint !== undefined,
    )
  })

  it('write headers of which each says up to where the file was safe', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    for (const n of [1, 2, 3]) await blocks.write(cidOf(blockOf(n)), blockOf(n))
    const path = await onlyFile(directory.path)
    const salt = Buffer.from(/-([0-9a-f]+)\.blocks$/.exec(path)?.[1] ?? '', 'hex')
    const { records } = readRecords(path, salt)
    assert.deepEqual(
      records.map(({ durable }) => durable),
      records.map(({ at }) => at),
    )
  })
})

describe('local blocks', () => {
  it('refuse a block above two mebibytes', async () => {
    await using directory = await temporaryDirectory()
    const local = looseBlocks(await openPackedBlocks(directory.path))
    const block = new Uint8Array(2 * 1024 * 1024 + 1)
    await assert.rejects(local.put(cidOf(block), block), (error) => isColdmeshError(error, 'too-large'))
    assert.equal(await local.has(cidOf(block)), false)
  })

  it('take back a rotten block so that it can be fetched again', async () => {
    await using directory = await temporaryDirectory()
    const blocks = await openPackedBlocks(directory.path)
    const local = looseBlocks(blocks)
    const cid = cidOf(Buffer.from('good'))
    await blocks.write(cid, Buffer.from('rot!'))
    await assert.rejects(local.get(cid), (error) => isColdmeshError(error, 'block-corrupt'))
    assert.equal(await local.take(cid), undefined)
    assert.equal(await local.has(cid), false)
  })
})
