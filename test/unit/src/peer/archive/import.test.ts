import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { describeArchive } from '../../../../../src/peer/archive/describe.ts'
import { archivedCertificate } from '../../../../../src/peer/archive/kept.ts'
import { paths } from '../../../../../src/peer/data-dir.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { importCar } from '../../../../../src/peer/import-car.ts'
import { readPinned } from '../../../../../src/peer/retention/pinned-file.ts'
import { createContentStore } from '../../../../../src/peer/store/content-store.ts'
import { archiveOf, smallChain } from '../../../../support/archive/small-archive.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { memoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { testCid } from '../../../../support/protocols/network.ts'

const folder = temporaryDirectory()
let chain: TestChain
before(async () => {
  chain = await smallChain()
})

describe('importCar of an archive', () => {
  it('says what it is of, and keeps base and certificate', async () => {
    const { path, root } = await archiveOf(chain, 'everything', folder)
    const dataDir = join(folder, 'data')
    const { archive, roots, blocks } = await importCar({ dataDir, file: path })
    const base = String(chain.head.base)
    const network = String(chain.network.id)
    assert.deepEqual(archive, { network, base, round: 2, contents: 'everything', certificate: true })
    assert.deepEqual(roots, [root])
    assert.ok(blocks > 10)
    const pinned = await readPinned(dataDir, nullLog)
    assert.deepEqual(pinned.map(String), [root, base])
    await using store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    const certificate = await archivedCertificate({ pinned, store, network: chain.network.id, base: chain.head.base })
    assert.deepEqual(certificate, chain.head.certificate)
    const report = await verifyBase({ network: chain.network, store, base: chain.head.base, certificate })
    assert.ok(report.valid, JSON.stringify(report.failures))
  })

  it('says nothing of another CAR', async () => {
    const store = memoryStore()
    const pinned: CID[] = [testCid('gone', 'message'), chain.head.base]
    const of = { pinned, store, network: chain.network.id, base: chain.head.base }
    assert.equal(await archivedCertificate(of), null)
    await store.put(chain.network.id, chain.net.bytes)
    assert.equal(await archivedCertificate({ ...of, pinned: [chain.network.id] }), null, 'a genesis is no archive')
    const { base, round, certificate } = chain.head
    const other = describeArchive({ network: chain.network, base, round, certificate, contents: 'lineage' })
    await store.put(other.root, other.block)
    const known = { ...of, pinned: [other.root] }
    assert.deepEqual(await archivedCertificate(known), certificate)
    assert.equal(await archivedCertificate({ ...known, network: testCid('another', 'message') }), null)
    assert.equal(await archivedCertificate({ ...known, base: testCid('another') }), null)
  })
})
