import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { readFile } from '../../../src/checkpoint/unixfs.ts'
import { paths } from '../../../src/peer/data-dir.ts'
import { importCar } from '../../../src/peer/import-car.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { skipWithoutKubo as skip, startKubo } from '../../support/kubo/kubo.ts'
import { importFiles, patterned } from './content.ts'
import { startNode, temporaryDirectory } from './support.ts'

const MIB = 1_048_576

describe('CARs, with a stock Kubo', { skip }, () => {
  it('that Kubo exports are imported, every block of them', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const bytes = patterned(5 * MIB + 9, 4)
    const [file, car] = [join(directory.path, 'file'), join(directory.path, 'file.car')]
    await writeFile(file, bytes)
    const cid = await kubo.ipfs('add', '--quieter', file)
    await writeFile(car, await kubo.bytes('dag', 'export', cid))
    const dataDir = join(directory.path, 'data')
    const { roots, blocks } = await importCar({ dataDir, file: car })
    assert.deepEqual([roots, blocks], [[cid], 7])
    await using store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    const read = readFile(CID.parse(cid), (block) => store.get(block), { maxBytes: bytes.length })
    assert.ok(Buffer.concat(await Array.fromAsync(read)).equals(bytes))
  })

  it('that a peer serves are those that Kubo exports, and Kubo imports them', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    await using node = await startNode()
    const gateway = { listen: [{ host: '127.0.0.1', port: 0 }] }
    await using store = await createContentStore({ dir: join(directory.path, 'blocks'), node, log: nullLog, gateway })
    await store.start()
    const bytes = patterned(3 * MIB + 1, 5)
    const cid = await importFiles(store, { 'model/model.safetensors': bytes, 'model/config.json': patterned(100) })
    const answer = await fetch(`${store.gateway}/ipfs/${cid}?format=car`)
    assert.equal(answer.status, 200)
    const served = Buffer.from(await answer.arrayBuffer())
    const car = join(directory.path, 'served.car')
    await writeFile(car, served)
    await kubo.ipfs('dag', 'import', car)
    assert.ok((await kubo.bytes('cat', '--offline', `${cid}/model.safetensors`)).equals(Buffer.from(bytes)))
    assert.ok((await kubo.bytes('dag', 'export', String(cid))).equals(served))
  })
})
