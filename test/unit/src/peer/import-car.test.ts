import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { blockPrefix, carHeader } from '../../../../src/adapters/gateway/car.ts'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { initDataDir, paths } from '../../../../src/peer/data-dir.ts'
import { addCar, importCar } from '../../../../src/peer/import-car.ts'
import { readPinned } from '../../../../src/peer/retention/pinned-file.ts'
import { createContentStore } from '../../../../src/peer/store/content-store.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { createDag } from '../../../support/gateway/dag.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-car-'))
after(() => rm(folder, { recursive: true, force: true }))
const dag = await createDag()
const chunks = [new Uint8Array(1000).fill(1), new Uint8Array(20).fill(2)]
const leaves = await Promise.all(chunks.map(dag.raw))
const file = await dag.file(chunks)
const old = await dag.old(chunks)
const inline = CID.createV1(0x55, createDigest(0, Uint8Array.of(1, 2)))

async function carOf(roots: readonly CID[], cids: readonly CID[], spoil: (car: Buffer) => Buffer = (car) => car) {
  const parts: Uint8Array[] = [carHeader(roots)]
  for (const cid of cids) {
    const block = cid.multihash.code === 0 ? cid.multihash.digest : await dag.blocks.get(cid)
    parts.push(blockPrefix(cid, block.byteLength), block)
  }
  const path = join(folder, `${Math.random()}.car`)
  await writeFile(path, spoil(Buffer.concat(parts)))
  return path
}

const dataDir = join(folder, 'data')

/** As a CAR of version 2, which says where in it the one of version 1 lies. */
const headed = (at: bigint, bytes: bigint) => (car: Buffer) => {
  const head = Buffer.alloc(51)
  Buffer.from('0aa16776657273696f6e02', 'hex').copy(head)
  head.writeBigUInt64LE(at, 27)
  head.writeBigUInt64LE(bytes, 35)
  return Buffer.concat([head, car])
}

describe('importCar', () => {
  it('keeps every block, under any version of its CID, and pins the roots', async () => {
    const path = await carOf([old], [old, ...leaves, inline])
    const imported = await importCar({ dataDir, file: path })
    assert.deepEqual(imported, { roots: [String(old)], blocks: 3, bytes: imported.bytes, archive: null })
    await using store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    for (const cid of [file, ...leaves]) assert.deepEqual(await store.get(cid), await dag.blocks.get(cid))
    assert.deepEqual((await readPinned(dataDir, nullLog)).map(String), [String(file)])
  })

  it('reads version 2, and one that lacks blocks', async () => {
    const path = await carOf([file], [file], (car) => {
      return Buffer.concat([headed(51n, BigInt(car.length))(car), Buffer.from('an index')])
    })
    assert.equal((await importCar({ dataDir, file: path })).blocks, 1)
  })

  it('says what is wrong with a file that is none', async () => {
    const refuses = (path: string, code: string, message: RegExp) =>
      assert.rejects(importCar({ dataDir, file: path }), (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.ok(error.hint)
        return true
      })
    await refuses(join(folder, 'none.car'), 'bad-input', /cannot be read/)
    await refuses(folder, 'bad-input', /cannot be read/)
    await refuses(await carOf([file], [file], headed(51n, 1_000_000n)), 'bad-input', /cut off/)
    await refuses(await carOf([file], [file], headed(2n ** 63n, 2n ** 63n)), 'bad-input', /cut off/)
    await refuses(await carOf([file], [file], () => Buffer.from('hello')), 'bad-input', /no whole CAR/)
    await refuses(await carOf([], [], () => Buffer.alloc(0)), 'bad-input', /cut off/)
    const endless = (car: Buffer) => Buffer.concat([car, Buffer.alloc(9, 0xff)])
    await refuses(await carOf([file], [file], endless), 'bad-input', /a length has too many bytes/)
    await refuses(await carOf([file], [file, ...leaves], (car) => car.subarray(0, -1)), 'bad-input', /cut off/)
    await refuses(
      await carOf([file], leaves, (car) => {
        car[car.length - 1] = 9
        return car
      }),
      'bad-input',
      /not what its CID says/,
    )
    const other = CID.createV1(0x55, createDigest(0x13, new Uint8Array(64)))
    await refuses(
      await carOf([], leaves, (car) => Buffer.concat([car, blockPrefix(other, 1), Buffer.from('x')])),
      'unsupported',
      /not SHA-256/,
    )
  })

  it('leaves nothing behind of a file with a fault at its end, nor of one that does not fit', async () => {
    const cut = await carOf([file], [file, ...leaves], (car) => car.subarray(0, -1))
    const fresh = join(folder, 'fresh')
    await assert.rejects(importCar({ dataDir: fresh, file: cut }), /cut off/)
    assert.equal(existsSync(fresh), false)
    await initDataDir(fresh)
    await using store = await createContentStore({ dir: paths.blocks(fresh), node: null, log: nullLog })
    const whole = await carOf([file], [file, ...leaves])
    const disk = { usedBytes: 0, budgetBytes: 1000, freeBytes: null }
    await assert.rejects(addCar({ dataDir: fresh, file: cut }, { store, disk }), /cut off/)
    await assert.rejects(addCar({ dataDir: fresh, file: whole }, { store, disk }), (error) => {
      assert.ok(isColdmeshError(error, 'refused'))
      assert.match(error.message, /do not fit: 0 of a budget of 1000 are used/)
      assert.match(error.hint ?? '', /--disk-budget/)
      return true
    })
    const full = { ...disk, budgetBytes: null, freeBytes: 1000 }
    await assert.rejects(addCar({ dataDir: fresh, file: whole }, { store, disk: full }), /1000 are free on the disk/)
    assert.deepEqual(store.retention.usage, { blocks: 0, bytes: 0 })
    assert.deepEqual(await readPinned(fresh, nullLog), [])
    await addCar({ dataDir: fresh, file: whole }, { store, disk: { ...disk, budgetBytes: 1_000_000 } })
    // What is here already takes no more.
    assert.equal((await addCar({ dataDir: fresh, file: whole }, { store, disk })).blocks, 3)
  })
})
