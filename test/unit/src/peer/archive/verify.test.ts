import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { fromHex, joinBytes } from '../../../../../protocols/wire/bytes.ts'
import { createArchiveScanner } from '../../../../../src/peer/archive/scan.ts'
import { unpackArchive } from '../../../../../src/peer/archive/unpack.ts'
import { verifyArchiveFile } from '../../../../../src/peer/archive/verify.ts'
import { writeArchive } from '../../../../../src/peer/archive/write.ts'
import { verifyDirectory } from '../../../../../src/peer/verify-directory.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { carOf, sectionsOf } from '../../../../support/archive/car-bytes.ts'
import { archiveOf, archiveOptions } from '../../../../support/archive/small-archive.ts'
import { addRound, startChain, type TestChain, threeRounds, utf8 } from '../../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes } from '../../../../support/history/checkpoints.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { precommitsBy } from '../../../../support/protocols/messages.ts'

const folder = temporaryDirectory()
let chain: TestChain
before(async () => {
  chain = await threeRounds()
})

const at = (name: string) => join(folder, name)
const CONTENTS = ['lineage', 'weights', 'everything'] as const

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(at(name), bytes)
  return at(name)
}

/** Reasons of the link `archive`. */
async function reasonsOf(path: string): Promise<string[]> {
  const { valid, failures } = await verifyArchiveFile(path, { level: 'signatures' })
  assert.equal(valid, false)
  return failures.filter(({ link }) => link === 'archive').map(({ reason }) => reason)
}

describe('verifyArchiveFile', () => {
  it('finds a history valid with no more than the file, as far as its contents go', async () => {
    for (const contents of CONTENTS) {
      const { path } = await archiveOf(chain, contents, folder)
      const signatures = await verifyArchiveFile(path, { level: 'signatures', trust: String(chain.network.id) })
      assert.ok(signatures.valid && signatures.certified && signatures.trusted, JSON.stringify(signatures.failures))
      const full = await verifyArchiveFile(path)
      assert.deepEqual([full.valid, full.trusted], [contents === 'everything', false])
      const [newest] = full.rounds
      assert.equal(newest?.fusion, contents === 'everything' ? 'reproduced' : 'unavailable')
    }
  })

  it('takes what a lineage leaves out from another store', async () => {
    const { path } = await archiveOf(chain, 'lineage', folder)
    const report = await verifyArchiveFile(path, { fallback: chain.store })
    assert.ok(report.valid, JSON.stringify(report.failures))
    assert.ok(report.rounds.every(({ fusion }) => fusion === 'reproduced'))
  })

  it('does not take blocks that belong into the file from there', async () => {
    const { bytes, root } = await archiveOf(chain, 'lineage', folder)
    const sections = sectionsOf(bytes)
    const [first] = sections
    assert.ok(first && String(first.cid) === root)
    for (const gone of [2, 3, sections.length - 1]) {
      const path = await fileOf(
        'gap.car',
        carOf(
          first.cid,
          sections.filter((_, i) => i !== gone),
        ),
      )
      const { valid, failures } = await verifyArchiveFile(path, { level: 'signatures', fallback: chain.store })
      assert.equal(valid, false)
      assert.match(failures[0]?.reason ?? '', /^archive-order: /)
    }
  })

  it('reproduces rounds with late inputs, by the bases that they were trained from', async () => {
    const policy = { minContributions: 2, historyRounds: 8, keepRounds: 8, maxStaleness: 2 }
    const first = await addRound(await startChain('late', { round: policy }))
    const second = await addRound(first, { seeds: [7, 8] })
    const late = await addRound(second, { seeds: [9], late: [{ seed: 30, parent: 1 }] })
    const { path } = await archiveOf(late, 'everything', folder)
    const report = await verifyArchiveFile(path)
    assert.ok(report.valid, JSON.stringify(report.failures))
    assert.deepEqual(
      report.rounds.map(({ inputs }) => inputs),
      [2, 2, 3],
    )
  })

  it('names the bad link of a lying history, whose file is as it should be', async () => {
    const start = await startChain()
    const other = await importBytes(checkpointBytes(50), start.store)
    const lied = await addRound(start, { lie: { lineage: (honest) => ({ ...honest, weights: other }) } })
    const { path } = await archiveOf(await addRound(lied, { seeds: [7, 8] }), 'everything', folder)
    assert.equal((await verifyArchiveFile(path, { level: 'signatures' })).valid, true, 'a quorum signed it')
    const { valid, failures } = await verifyArchiveFile(path)
    assert.equal(valid, false)
    assert.deepEqual([failures[0]?.round, failures[0]?.link], [1, 'weights'])
    assert.match(failures[0]?.reason ?? '', /^differs: /)
    const carded = await addRound(await startChain(), { lie: { card: () => utf8('# mine') } })
    const small = await archiveOf(carded, 'lineage', folder)
    const report = await verifyArchiveFile(small.path, { level: 'signatures' })
    assert.deepEqual([report.failures[0]?.round, report.failures[0]?.link], [1, 'card'])
  })

  it('refuses a certificate that a quorum did not sign, and one of another base', async () => {
    const vote = { network: chain.network.id, round: 3, view: 0, base: chain.head.base }
    const few = certify(precommitsBy(chain.net.members.slice(0, 2), vote), 2)
    const before = chain.entries[1]?.certificate ?? assert.fail()
    for (const [i, certificate] of [few, before].entries()) {
      const file = at(`certificate-${i}.car`)
      await writeArchive({ ...archiveOptions(chain, 'lineage'), certificate, file })
      const { valid, certified, failures } = await verifyArchiveFile(file, { level: 'signatures' })
      assert.deepEqual([valid, certified], [false, false])
      assert.equal(failures[0]?.link, 'certificate')
    }
  })

  it('is not valid for whoever trusts another genesis', async () => {
    const { path } = await archiveOf(chain, 'lineage', folder)
    const trust = String(chain.network.genesis.base)
    const { valid, trusted, failures } = await verifyArchiveFile(path, { level: 'signatures', trust })
    assert.deepEqual([valid, trusted, failures[0]?.link], [false, false, 'genesis'])
  })

  it('has an answer for whatever is no archive', async () => {
    const version2 = joinBytes([fromHex('0aa16776657273696f6e02') ?? assert.fail(), new Uint8Array(60)])
    assert.match((await reasonsOf(await fileOf('empty.car', new Uint8Array())))[0] ?? '', /^archive-cut-off/)
    assert.match((await reasonsOf(await fileOf('version2.car', version2)))[0] ?? '', /^archive-header/)
    assert.match((await reasonsOf(await fileOf('text.car', utf8('hello, this is no archive'))))[0] ?? '', /^archive-/)
    assert.match((await reasonsOf(await fileOf('zeros.car', new Uint8Array(1 << 20))))[0] ?? '', /^archive-header/)
    const { path } = await archiveOf(chain, 'lineage', folder)
    await appendFile(path, Uint8Array.of(0))
    assert.match((await reasonsOf(path))[0] ?? '', /^archive-section/)
    await truncate(path, 3000)
    assert.match((await reasonsOf(path))[0] ?? '', /^archive-cut-off/)
  })

  it('refuses what is no file, without waiting for it', async () => {
    const pipe = at('pipe.car')
    execFileSync('mkfifo', [pipe])
    for (const path of [folder, pipe, at('none.car'), '/dev/zero']) {
      await assert.rejects(verifyArchiveFile(path), (error) => {
        assert.ok(isColdmeshError(error, 'bad-input'), path)
        assert.ok(error.hint)
        return true
      })
    }
  })

  it('stops at the signal', async () => {
    const { path } = await archiveOf(chain, 'lineage', folder)
    await assert.rejects(verifyArchiveFile(path, { signal: AbortSignal.abort() }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
  })
})

describe('createArchiveScanner', () => {
  it('remembers no more blocks than their bytes warrant', async () => {
    const { bytes } = await archiveOf(chain, 'lineage', folder)
    const scan = (freeBlocks: number) => {
      const scanner = createArchiveScanner({ freeBlocks })
      scanner.push(bytes)
      return scanner.end().table.length
    }
    assert.equal(scan(9), 9)
    assert.throws(() => scan(4), /^ArchiveError: archive-too-many-blocks/)
  })

  it('reads the same, however the file comes', async () => {
    const { bytes, root } = await archiveOf(chain, 'lineage', folder)
    const scanner = createArchiveScanner()
    for (let at = 0; at < bytes.length; at += 7) scanner.push(bytes.subarray(at, at + 7))
    const scan = scanner.end()
    assert.deepEqual([String(scan.root), scan.table.length], [root, 9])
  })
})

describe('unpackArchive', () => {
  it('writes the base that verifyDirectory then finds valid', async () => {
    for (const contents of ['weights', 'everything'] as const) {
      const { path } = await archiveOf(chain, contents, folder)
      const { cid, files } = await unpackArchive(path, { out: at(`out-${contents}`) })
      assert.equal(cid, String(chain.head.base))
      assert.equal(files.length, 7)
      const report = await verifyDirectory(at(`out-${contents}`), { level: 'signatures' })
      assert.equal(report.certified, true)
      assert.ok(
        report.failures.every(({ reason }) => reason.startsWith('block-missing')),
        'the rounds before',
      )
    }
  })

  it('refuses one without weights, and what is no archive', async () => {
    const { path } = await archiveOf(chain, 'lineage', folder)
    await assert.rejects(unpackArchive(path, { out: at('never') }), (error) => isColdmeshError(error, 'block-missing'))
    const none = await fileOf('no-archive.car', utf8('none'))
    await assert.rejects(unpackArchive(none, { out: at('never') }), (error) => isColdmeshError(error, 'bad-input'))
  })
})
