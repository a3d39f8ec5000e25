import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FsBlockstore } from 'blockstore-fs'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { openBlockFiles } from '../../../../../src/adapters/blocks/block-files.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { looseBlocks } from './loose.ts'

const cidOf = (block: Uint8Array): CID => CID.createV1(0x55, create(0x12, createHash('sha256').update(block).digest()))

async function scratch() {
  const path = await mkdtemp(join(tmpdir(), 'coldmesh-blocks-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

describe('block files', () => {
  it('are readable with blockstore-fs, and its files with them', async () => {
    await using directory = await scratch()
    const files = await openBlockFiles(directory.path)
    const theirs = new FsBlockstore(directory.path)
    const one = Buffer.from('one')
    await files.write(cidOf(one), one)
    assert.ok(await theirs.has(cidOf(one)))
    const two = Buffer.from('two')
    await theirs.put(cidOf(two), two)
    assert.deepEqual(Buffer.from((await files.read(cidOf(two))) ?? []), two)
  })

  it('take the same block from many writers at once', async () => {
    await using directory = await scratch()
    const files = await openBlockFiles(directory.path)
    const block = new Uint8Array(100_000).fill(7)
    const cid = cidOf(block)
    await Promise.all(Array.from({ length: 20 }, () => files.write(cid, block)))
    assert.deepEqual(await files.read(cid), block)
    assert.deepEqual(await readdir(join(directory.path, '.unfinished')), [])
  })

  it('forget at the start what a crash left unfinished', async () => {
    await using directory = await scratch()
    await mkdir(join(directory.path, '.unfinished'))
    await writeFile(join(directory.path, '.unfinished', 'half'), 'ha')
    await openBlockFiles(directory.path)
    assert.deepEqual(await readdir(join(directory.path, '.unfinished')), [])
  })

  it('say refused, with a next step, when the place is not a directory', async () => {
    await using directory = await scratch()
    const path = join(directory.path, 'file')
    await writeFile(path, '')
    await assert.rejects(openBlockFiles(path), (error) => isColdmeshError(error, 'refused') && error.hint !== undefined)
  })

  it('say refused, not missing, when a block is there and cannot be read', async () => {
    await using directory = await scratch()
    const files = await openBlockFiles(directory.path)
    const block = Buffer.from('x')
    await files.write(cidOf(block), block)
    const [shard = ''] = (await readdir(directory.path)).filter((name) => name !== '.unfinished')
    const [name = ''] = await readdir(join(directory.path, shard))
    await rm(join(directory.path, shard, name))
    await mkdir(join(directory.path, shard, name))
    await assert.rejects(files.read(cidOf(block)), (error) => isColdmeshError(error, 'refused'))
  })
})

describe('local blocks', () => {
  it('refuse a block above two mebibytes', async () => {
    await using directory = await scratch()
    const local = looseBlocks(await openBlockFiles(directory.path))
    const block = new Uint8Array(2 * 1024 * 1024 + 1)
    await assert.rejects(local.put(cidOf(block), block), (error) => isColdmeshError(error, 'too-large'))
    assert.equal(await local.has(cidOf(block)), false)
  })

  it('take back a rotten block so that it can be fetched again', async () => {
    await using directory = await scratch()
    const files = await openBlockFiles(directory.path)
    const local = looseBlocks(files)
    const cid = cidOf(Buffer.from('good'))
    await files.write(cid, Buffer.from('rot!'))
    await assert.rejects(local.get(cid), (error) => isColdmeshError(error, 'block-corrupt'))
    assert.equal(await local.take(cid), undefined)
    assert.equal(await local.has(cid), false)
  })
})
