import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { fetchBlock } from '../../../src/adapters/gateway/client/fetch-block.ts'
import { fetchLeaves } from '../../../src/adapters/gateway/client/fetch-leaves.ts'
import { httpSource } from '../../../src/adapters/gateway/client/source.ts'
import { startGateway } from '../../../src/adapters/gateway/server.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { listLeaves } from '../../../src/checkpoint/unixfs.ts'
import { importCar } from '../../../src/peer/import-car.ts'
import { ask, cidsIn } from '../../support/gateway/ask.ts'
import { createDag } from '../../support/gateway/dag.ts'
import { skipWithoutKubo, startKubo } from '../../support/kubo/kubo.ts'
import { patterned } from '../adapters/content.ts'
import { temporaryDirectory } from '../adapters/support.ts'

const MIB = 1_048_576

describe('with the gateway of a stock Kubo', { skip: skipWithoutKubo }, () => {
  it('a file is fetched from it in ranges; its CAR is imported, and ours by it', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'), { 'Addresses.Gateway': '/ip4/127.0.0.1/tcp/0' })
    const bytes = patterned(20 * MIB + 3, 11)
    const path = join(directory.path, 'file')
    await writeFile(path, bytes)
    const root = CID.parse(await kubo.ipfs('add', '--quieter', path))
    const { hostname: host, port } = new URL((await readFile(join(kubo.home, 'gateway'), 'utf8')).trim())
    const source = httpSource('kubo', { host, port: Number(port) })
    const signal = AbortSignal.timeout(60_000)
    const { leaves } = await listLeaves(root, (cid) => fetchBlock(source, cid, { signal }), { maxBytes: bytes.length })
    const target = new Uint8Array(bytes.length)
    const left = await fetchLeaves({
      file: { root, bytes: bytes.length, leaves },
      incoming: {
        missing: leaves.map((_, index) => index),
        write: async (leaf, block) => target.set(block, leaf * MIB),
      },
      peers: () => ['kubo'],
      find: async () => ({ source, fallback: null, said: { cid: String(root), leaves: undefined } }),
      ...{ startAt: 0.5, now: () => performance.now(), log: nullLog, signal, onLeaf: () => {}, onLeft: () => {} },
    })
    source.close()
    assert.deepEqual(left, [])
    assert.ok(Buffer.from(target).equals(bytes))

    // Theirs, of the part that fits a command's output, to us.
    const small = join(directory.path, 'small')
    await writeFile(small, patterned(3 * MIB, 12))
    const theirs = await kubo.ipfs('add', '--quieter', small)
    const car = await ask(`http://${host}:${port}`, `/ipfs/${theirs}?format=car`)
    await writeFile(join(directory.path, 'theirs.car'), car.body)
    const imported = await importCar({
      dataDir: join(directory.path, 'data'),
      file: join(directory.path, 'theirs.car'),
    })
    assert.deepEqual([imported.roots, imported.blocks], [[theirs], 4])

    // Ours to them, and both say the same of the same graph.
    const dag = await createDag()
    const chunks = [patterned(1000, 1), patterned(1000, 2), patterned(7, 3)]
    for (const chunk of chunks) await dag.raw(chunk)
    const file = await dag.file(chunks)
    const folder = await dag.directory({ a: file, b: file })
    await using gateway = await startGateway({
      ...{ blocks: dag.blocks, files: null, log: nullLog },
      listen: [{ host: '127.0.0.1', port: 0 }],
    })
    const ours = join(directory.path, 'ours.car')
    await writeFile(ours, (await ask(gateway.url ?? '', `/ipfs/${folder}?format=car`)).body)
    await kubo.ipfs('dag', 'import', ours)
    for (const query of [
      '',
      '&car-dups=y',
      '&dag-scope=entity',
      '&dag-scope=block',
      '&dag-scope=entity&entity-bytes=5:10',
    ]) {
      for (const path of ['', '/a']) {
        const at = `/ipfs/${folder}${path}?format=car${query}`
        const [mine, other] = [await ask(gateway.url ?? '', at), await ask(`http://${host}:${port}`, at)]
        assert.deepEqual(cidsIn(mine.body), cidsIn(other.body), at)
      }
    }
  })
})
