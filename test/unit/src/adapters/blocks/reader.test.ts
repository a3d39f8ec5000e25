import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { flipBit } from '../../../../support/disk/stored-blocks.ts'
import { leafyFile, makeFile, wholeFiles } from './leafy-file.ts'

const [kept, made, half, loose] = [leafyFile(1, 2), leafyFile(3, 4), leafyFile(5, 6), leafyFile(7, 8)]
const small = Buffer.from('a record')

describe('a store that only reads', () => {
  it('sees what is there, and disturbs nothing of what its owner does meanwhile', async () => {
    await using directory = await temporaryDirectory()
    await using owner = await openBlockStore(directory.path)
    await makeFile(owner, kept)
    await owner.local.put(rawCid(small), small)
    await owner.local.put(loose.root, loose.node)
    for (const [i, { cid }] of loose.leaves.entries()) await owner.local.put(cid, loose.blocks[i] ?? small)
    await using making = await owner.files.make(made.bytes)
    await writeFile(making.path, made.content)
    await using incoming = await owner.files.receive(half)
    await incoming.write(0, half.blocks[0] ?? small)
    const path = join(directory.path, 'files', `${kept.root}.safetensors`)
    const before = await readdir(directory.path, { recursive: true })
    {
      await using reader = await openBlockStore(directory.path, { onlyReads: true })
      assert.deepEqual(await wholeFiles(reader, [kept, made, half], 'read'), [kept])
      assert.ok(small.equals(await reader.local.get(rawCid(small))))
      assert.equal(await reader.files.open(loose.root), null, 'no file is made of blocks')
      assert.deepEqual(await readdir(directory.path, { recursive: true }), before)
    }
    await making.finish(made.digests)
    await incoming.write(1, half.blocks[1] ?? small)
    await incoming.finish()
    assert.deepEqual(await wholeFiles(owner, [kept, made, half, loose], 'its owner'), [kept, made, half, loose])
    await flipBit(path.replace('.safetensors', '.index'), 50)
    const files = await readdir(directory.path, { recursive: true })
    await using reader = await openBlockStore(directory.path, { onlyReads: true })
    assert.deepEqual(await wholeFiles(reader, [kept], 'without an index'), [kept])
    assert.deepEqual(await readdir(directory.path, { recursive: true }), files)
  })

  it('makes nothing where nothing is', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'blocks')
    await using reader = await openBlockStore(path, { onlyReads: true })
    assert.equal(await reader.local.has(rawCid(small)), false)
    assert.deepEqual(await readdir(directory.path), [])
  })
})
