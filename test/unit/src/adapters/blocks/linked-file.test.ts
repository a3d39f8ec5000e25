import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { appendFile, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { LEAF_BYTES, listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'

const content = Buffer.concat([Buffer.alloc(LEAF_BYTES, 1), Buffer.alloc(LEAF_BYTES, 2), Buffer.alloc(1000, 3)])
const digests = async () =>
  Buffer.concat([0, 1, 2].map((i) => hash('sha256', content.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES), 'buffer')))

type Store = Awaited<ReturnType<typeof openBlockStore>>

const leavesOf = async ({ local }: Store, root: CID) =>
  (await listLeaves(root, (cid) => local.get(cid), { maxBytes: content.length })).leaves

/** What may happen to somebody's file. */
const CHANGES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'written to': async (path) => {
    await writeFile(
      path,
      content.map((byte) => byte + 1),
    )
  },
  'made longer': (path) => appendFile(path, 'x'),
  deleted: (path) => rm(path),
  touched: (path) => utimes(path, 1, 1),
  'put in its place': async (path) => {
    await writeFile(`${path}.other`, content)
    await rename(`${path}.other`, path)
  },
}

describe('a file that stays where it is', () => {
  it('is its blocks, without a copy, also after a restart; nothing deletes it', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'model.safetensors')
    await writeFile(path, content)
    const blocks = join(directory.path, 'blocks')
    const first = await openBlockStore(blocks)
    const root = await first.files.link(path, digests)
    await first[Symbol.asyncDispose]()
    await using store = await openBlockStore(blocks)
    assert.ok(store.retention.disk.usedBytes < 100_000, `${store.retention.disk.usedBytes} bytes`)
    const parts: Uint8Array[] = []
    for (const { cid } of await leavesOf(store, root)) parts.push(await store.local.get(cid))
    assert.ok(Buffer.concat(parts).equals(content))
    {
      await using kept = await store.files.open(root)
      assert.equal(kept?.path, path)
    }
    const plan = async () => ({ drop: [root], keep: [], isKept: () => false })
    const gone: CID[] = []
    const onGone = async (roots: readonly CID[]) => void gone.push(...roots)
    await store.retention.sweep({ plan, onGone, signal: new AbortController().signal })
    assert.deepEqual(gone.map(String), [String(root)])
    assert.equal(await store.local.has(root), false)
    assert.ok((await readFile(path)).equals(content))
  })

  for (const [what, change] of Object.entries(CHANGES)) {
    for (const isRestarted of [true, false]) {
      it(`is missing once it is ${what}${isRestarted ? ', found at the start' : ''}, and comes back as a copy`, async () => {
        await using directory = await temporaryDirectory()
        const path = join(directory.path, 'model.safetensors')
        await writeFile(path, content)
        const blocks = join(directory.path, 'blocks')
        const first = await openBlockStore(blocks)
        const root = await first.files.link(path, digests)
        if (isRestarted) await first[Symbol.asyncDispose]()
        await change(path)
        await using store = isRestarted ? await openBlockStore(blocks) : first
        assert.equal(await store.files.open(root), null)
        assert.deepEqual(
          (await store.changedLinks()).map((link) => link.path),
          [path],
        )
        const leaves = await leavesOf(store, root)
        for (const { cid } of leaves) {
          assert.equal(await store.local.has(cid), false)
          await assert.rejects(store.local.get(cid), (error) => isColdmeshError(error, 'block-missing'))
        }
        const after = await readFile(path).catch(() => null)
        // As blocks are repaired: one by one.
        for (const [i, { cid }] of leaves.entries())
          await store.local.accept(cid, content.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES))
        await using kept = await store.files.open(root)
        assert.ok(kept !== null && kept.path !== path)
        assert.ok((await readFile(kept.path)).equals(content))
        const looks = [await store.changedLinks(), await store.changedLinks()]
        const told = looks.map((links) => links.map((link) => link.path))
        assert.deepEqual(told, [[path], []], 'told even where nobody looked before a copy took its place')
        assert.deepEqual(await readFile(path).catch(() => null), after, 'the file of the user is nobody else’s')
      })
    }
  }

  it('is not taken when it changes while it is read', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'model.safetensors')
    await writeFile(path, content)
    await using store = await openBlockStore(join(directory.path, 'blocks'))
    const reading = store.files.link(path, async () => {
      await utimes(path, 1, 1)
      return await digests()
    })
    await assert.rejects(reading, (error) => isColdmeshError(error, 'bad-input') && /changed/.test(error.message))
  })
})
