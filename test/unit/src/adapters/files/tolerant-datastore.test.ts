import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Key } from 'interface-datastore'
import { openDatastore } from '../../../../../src/adapters/files/datastore.ts'
import { tolerantDatastore } from '../../../../../src/adapters/files/tolerant-datastore.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { mountSmallDisk } from '../../../../support/disk/small-disk.ts'
import { temporaryDirectory } from './support.ts'

const BIG = new Uint8Array(100_000).fill(7)
const keyOf = (index: number) => new Key(`/peers/${index}`)

// docs/reliability.md: fault 45, on a real full disk.
describe('a datastore on a disk that fills', () => {
  it('takes every write, answers from what it holds, and writes it once there is room', async () => {
    await using temporary = await temporaryDirectory()
    await using disk = await mountSmallDisk(join(temporary.path, 'disk'), 8)
    const directory = join(disk.path, 'datastore')
    const store = await openDatastore(directory)
    const tolerant = tolerantDatastore(store, directory, nullLog)
    await tolerant.put(keyOf(0), BIG)
    await tolerant.put(keyOf(1), BIG)
    await disk.fill()
    for (let index = 2; index < 12; index++) await tolerant.put(keyOf(index), BIG)
    await tolerant.delete(keyOf(1))
    assert.deepEqual(await tolerant.get(keyOf(11)), BIG)
    assert.equal(await tolerant.has(keyOf(1)), false)
    await assert.rejects(async () => tolerant.get(keyOf(1)), { name: 'NotFoundError' })
    const keys = new Set<string>()
    for await (const { key } of tolerant.query({ prefix: '/peers' })) keys.add(key.toString())
    assert.ok(keys.has('/peers/11') && !keys.has('/peers/1'))

    await disk.free()
    // As often as it takes until a write has mended the database.
    let isOnDisk = false
    for (let attempt = 0; !isOnDisk && attempt < 500; attempt++) {
      await tolerant.put(keyOf(99), BIG)
      await new Promise((resolve) => setTimeout(resolve, 20))
      isOnDisk = await Promise.resolve(store.has(keyOf(11))).catch(() => false)
    }
    await tolerant.close()
    const again = await openDatastore(directory)
    for (const index of [0, 2, 11, 99])
      assert.ok(Buffer.compare(await again.get(keyOf(index)), BIG) === 0, `key ${index}`)
    assert.equal(await again.has(keyOf(1)), false)
    await again.close()
  })
})
