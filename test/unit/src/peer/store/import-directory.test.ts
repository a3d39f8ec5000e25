import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { createContentStore } from '../../../../../src/peer/store/content-store.ts'
import { importDirectory } from '../../../../../src/peer/store/import-directory.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { watchDisk } from '../../../../support/disk/steps.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { writeModelDirectory } from '../../../../support/training/model-directory.ts'
import { tinyModel } from '../../../../support/training/tiny.ts'

const root = temporaryDirectory()
const at = (name: string) => join(root, name)
const openStore = (name: string) => createContentStore({ dir: at(name), node: null, log: nullLog })

describe('importDirectory', () => {
  it('makes the weights one file of the store, however small', async () => {
    const base = writeModelDirectory(at('base'), tinyModel())
    await using store = await openStore('store')
    const { cid, layout } = await importDirectory(base, store)
    const { weights } = await openBase(cid, (block) => store.get(block))
    await using file = await store.files.open(weights.cid)
    assert.ok(file)
    assert.deepEqual(readFileSync(file.path), readFileSync(join(base, 'model.safetensors')))
    assert.equal(file.bytes, layout.totalBytes)
  })

  it('refuses weights that are not finite, says what to do, and leaves nothing of them behind', async () => {
    const base = writeModelDirectory(at('infinite'), tinyModel())
    const path = join(base, 'model.safetensors')
    const bytes = readFileSync(path)
    bytes.writeFloatLE(Number.POSITIVE_INFINITY, bytes.length - 4)
    writeFileSync(path, bytes)
    await using store = await openStore('refused')
    await assert.rejects(importDirectory(base, store), (error) => {
      assert.ok(isColdmeshError(error, 'bad-checkpoint'))
      assert.match(error.message, /model\.safetensors holds NaN or infinity/)
      assert.match(error.hint ?? '', /coldmesh import/)
      return true
    })
    const left = readdirSync(join(root, 'refused', 'files'), { recursive: true, withFileTypes: true })
    assert.deepEqual(
      left.filter((entry) => entry.isFile()),
      [],
    )
  })

  // docs/reliability.md: fault 48.
  it('refuses when the disk failed while the weights came, though later syncs succeed', async () => {
    const base = writeModelDirectory(at('kept'), tinyModel())
    await using store = await openStore('failing')
    const synced: string[] = []
    const unwatch = await watchDisk(at('failing'), async ({ op, path }, perform) => {
      if (op === 'sync' && path.includes('files')) synced.push(path)
      const isFirst = op === 'sync' && synced.length === 1
      if (isFirst) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
      return await perform()
    })
    try {
      await assert.rejects(importDirectory(base, store), (error) => {
        assert.ok(isColdmeshError(error, 'refused'), String(error))
        assert.match(error.message, /EIO/)
        return true
      })
    } finally {
      unwatch()
    }
    assert.ok(synced.length >= 1)
    await importDirectory(base, store)
  })
})
