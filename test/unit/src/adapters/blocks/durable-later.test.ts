import assert from 'node:assert/strict'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDurableLater } from '../../../../../src/adapters/blocks/durable-later.ts'
import { type BlockStore, openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { memoryDirectory } from '../../../../support/disk/killed.ts'
import { leafyFile } from './leafy-file.ts'

const file = leafyFile(1, 2, 3)

async function receive({ files }: BlockStore, durable: 'now' | 'soon'): Promise<void> {
  await using incoming = await files.receive(file, { durable })
  for (const leaf of incoming.missing) await incoming.write(leaf, file.blocks[leaf] ?? new Uint8Array())
  await incoming.finish()
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, 'files'))
  return names.filter((name) => name.includes('.')).toSorted()
}

const NAMED = [`${file.root}.safetensors`]
const DURABLE = [`${file.root}.index`, `${file.root}.safetensors`]

describe('a file that becomes durable later', () => {
  it('is opened at once, has its index when the store is closed, and is right after a crash without one', async () => {
    await using scratch = await memoryDirectory()
    const directory = join(scratch.path, 'blocks')
    const crashed = join(scratch.path, 'crashed')
    {
      await using store = await openBlockStore(directory)
      await receive(store, 'soon')
      await using opened = await store.files.open(file.root)
      assert.ok(opened !== null)
      assert.deepEqual(await readFile(opened.path), file.content)
      assert.deepEqual(await namesIn(directory), NAMED)
      await cp(directory, crashed, { recursive: true })
    }
    assert.deepEqual(await namesIn(directory), DURABLE)
    await using again = await openBlockStore(crashed)
    assert.deepEqual(await namesIn(crashed), DURABLE)
    await using opened = await again.files.open(file.root)
    assert.ok(opened !== null)
  })

  it('is made so for whoever needs it now', async () => {
    await using scratch = await memoryDirectory()
    const directory = join(scratch.path, 'blocks')
    await using store = await openBlockStore(directory)
    await receive(store, 'soon')
    const [leaf] = file.blocks
    assert.ok(leaf)
    await store.local.put(rawCid(leaf), leaf)
    await store.files.check(file.root)
    assert.ok((await readdir(join(directory, 'packed'))).length > 0, 'a block that must be durable is put where it is')
    await receive(store, 'now')
    assert.deepEqual(await namesIn(directory), DURABLE)
  })

  it('leaves nothing when it is deleted before', async () => {
    await using scratch = await memoryDirectory()
    const directory = join(scratch.path, 'blocks')
    {
      await using store = await openBlockStore(directory)
      await receive(store, 'soon')
      await store.retention.sweep({
        plan: async () => ({ drop: [file.root], keep: [], isKept: () => false }),
        onGone: async () => {},
        signal: new AbortController().signal,
      })
    }
    assert.deepEqual(await namesIn(directory), [])
  })
})

describe('what makes files durable later', () => {
  it('does one at a time, keeps what fails, and does it again', async () => {
    const later = createDurableLater()
    const [one, two] = [leafyFile(4).root, leafyFile(5).root]
    const done: string[] = []
    let running = 0
    let fails = true
    const work = (name: string) => async () => {
      assert.equal(++running, 1)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (name === 'one' && fails) throw new Error('the disk is full')
      done.push(name)
    }
    later.add(one, work('one'))
    later.add(two, work('two'))
    await later[Symbol.asyncDispose]()
    assert.deepEqual(done, ['two'])
    await assert.rejects(later.settle(one), /full/)
    fails = false
    await Promise.all([later.settle(one), later.settle(two)])
    await later.settle(one)
    assert.deepEqual(done, ['two', 'one'])
  })

  it('does nothing more for what is forgotten', async () => {
    const later = createDurableLater()
    const { root } = file
    later.add(root, () => Promise.reject(new Error('it is gone')))
    await later.forget(root)
    await later.settle(root)
  })
})
