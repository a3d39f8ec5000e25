import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { lineage } from '../../../../../protocols/lineage/messages.ts'
import { verifyDirectory } from '../../../../../src/peer/history/directory.ts'
import { createHistory } from '../../../../../src/peer/history/history.ts'
import type { VerifyReport } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'

let chain: TestChain
const root = temporaryDirectory()
before(async () => {
  chain = await threeRounds()
  const history = historyOf(chain)
  for (const { round, base } of chain.entries) await history.export(String(base), { out: join(root, `base-${round}`) })
  await history.export(String(chain.network.genesis.base), { out: join(root, 'base-0') })
})

const historyOf = ({ network, net, store, entries }: TestChain) =>
  createHistory({ network, genesisBytes: net.bytes, store, chain: { entries } })

const links = ({ failures }: VerifyReport) => failures.map(({ round, link }) => `${round} ${link}`)

/** A copy of the exported base of a round, to be tampered with. */
async function copyOf(round: number, name: string): Promise<string> {
  const dir = join(root, name)
  await cp(join(root, `base-${round}`), dir, { recursive: true })
  for (const suffix of ['.certificate.cbor', '.genesis.cbor']) {
    await cp(join(root, `base-${round}${suffix}`), `${dir}${suffix}`).catch(() => {})
  }
  return dir
}

function flipNow(path: string): void {
  const bytes = readFileSync(path)
  bytes[700_000] = (bytes[700_000] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  const place = at < 0 ? bytes.length + at : at
  bytes[place] = (bytes[place] ?? 0) ^ 4
  await writeFile(path, bytes)
}

describe('verifyDirectory', () => {
  it('is valid with the rounds before at hand, at both levels', async () => {
    for (const round of [0, 1, 2, 3]) {
      for (const level of ['signatures', 'full'] as const) {
        const trust = String(chain.network.id)
        const report = await verifyDirectory(join(root, `base-${round}`), { level, trust, fallback: chain.store })
        assert.deepEqual(report.failures, [])
        assert.deepEqual([report.valid, report.certified, report.trusted], [true, true, true])
        assert.equal(report.rounds.length, round)
      }
    }
  })

  it('verifies the base of the genesis from its files alone', async () => {
    const report = await verifyDirectory(`${join(root, 'base-0')}/`)
    assert.deepEqual([report.valid, report.base], [true, String(chain.network.genesis.base)])
  })

  it('names what is missing, and nothing else, without the rounds before', async () => {
    const report = await verifyDirectory(join(root, 'base-3'), { level: 'signatures' })
    assert.deepEqual(links(report), [`0 block ${chain.network.genesis.base}`, `2 block ${chain.entries[1]?.base}`])
    assert.deepEqual([report.valid, report.certified, report.rounds[0]?.certified], [false, true, true])
  })

  it('takes the genesis from the caller when the file is not there', async () => {
    const dir = await copyOf(2, 'no-genesis')
    await rm(`${dir}.genesis.cbor`)
    assert.deepEqual(links(await verifyDirectory(dir, { fallback: chain.store })), ['0 genesis'])
    const report = await verifyDirectory(dir, { fallback: chain.store, genesisBytes: chain.net.bytes })
    assert.equal(report.valid, true)
  })

  it('is a mere proposal without its certificate', async () => {
    const dir = await copyOf(3, 'no-certificate')
    await rm(`${dir}.certificate.cbor`)
    const report = await verifyDirectory(dir, { fallback: chain.store, level: 'signatures' })
    assert.deepEqual(links(report), ['3 certificate'])
    assert.deepEqual([report.valid, report.certified], [false, false])
  })

  it('refuses a path that is no directory', async () => {
    for (const path of ['nothing-here', 'base-3.genesis.cbor']) {
      await assert.rejects(verifyDirectory(join(root, path)), (error) => isColdmeshError(error, 'bad-input'))
    }
  })

  it('stops at the signal', async () => {
    await assert.rejects(verifyDirectory(join(root, 'base-3'), { signal: AbortSignal.abort() }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
  })
})

describe('verifyDirectory of a directory with one bit flipped', () => {
  const files: [file: string, at: number, link: string][] = [
    ['model.safetensors', -3, '3 weights'],
    ['model.safetensors', 500_000, '3 weights'],
    ['model.safetensors', 12, '3 weights'],
    ['README.md', 40, '3 card'],
    ['config.json', 3, '3 file config.json'],
    ['tokenizer.json', 3, '3 file tokenizer.json'],
    ['lineage.cbor', 3, '3 lineage'],
    ['lineage.cbor', -40, '3 lineage'],
  ]
  for (const [file, at, link] of files) {
    it(`names ${link} for byte ${at} of ${file}, with the rounds before at hand`, async () => {
      const dir = await copyOf(3, `flip-${file}-${at}`)
      await flip(join(dir, file), at)
      for (const level of ['signatures', 'full'] as const) {
        const report = await verifyDirectory(dir, { level, fallback: chain.store })
        assert.equal(links(report)[0], link)
        assert.equal(report.valid, false)
        if (file !== 'lineage.cbor') assert.deepEqual([...new Set(links(report))], [link])
      }
    })
  }

  it('names the file from the lineage alone, without the rounds before', async () => {
    const expected: [file: string, link: string][] = [
      ['model.safetensors', '3 weights'],
      ['README.md', '3 card'],
      ['config.json', '3 directory'],
    ]
    for (const [file, link] of expected) {
      const dir = await copyOf(3, `alone-${file}`)
      await flip(join(dir, file), 5)
      const report = await verifyDirectory(dir, { level: 'signatures' })
      assert.deepEqual(links(report).slice(2), [link])
      assert.equal(report.certified, false)
    }
  })

  it('blames the lineage, without the rounds before, for what it embeds', async () => {
    const dir = await copyOf(3, 'alone-lineage')
    const path = join(dir, 'lineage.cbor')
    const bytes = await readFile(path)
    const { parentCertificate, lists } = lineage.decode(bytes)
    for (const part of [parentCertificate, lists[1]]) {
      assert(part)
      const at = bytes.indexOf(part) + part.length - 9
      await flip(path, at)
      const report = await verifyDirectory(dir, { level: 'signatures' })
      const named = links(report).filter((link) => !/^(0|2) block /.test(link))
      assert.equal(named.at(-1), '3 lineage')
      if (part === lists[1]) assert.match(named[0] ?? '', /^3 list [0-9a-f]{64}$/)
      await flip(path, at)
    }
  })

  it('sees a flipped bit anywhere in the lineage, with and without the rounds before', async () => {
    const dir = await copyOf(3, 'lineage')
    const path = join(dir, 'lineage.cbor')
    const { length } = await readFile(path)
    for (let at = 0; at < length; at += 149) {
      await flip(path, at)
      const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
      assert.deepEqual([report.valid, links(report)[0]], [false, '3 lineage'], `byte ${at}`)
      const alone = await verifyDirectory(dir, { level: 'signatures' })
      assert.equal(alone.certified, false)
      const named = links(alone).filter((link) => !/^(0|2) block /.test(link))
      assert(
        named.some((link) => /lineage|list|contribution|genesis|certificate/.test(link)),
        `byte ${at}: ${named}`,
      )
      await flip(path, at)
    }
    assert.equal((await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })).valid, true)
  })

  it('names the certificate for a flipped bit anywhere in it', async () => {
    const dir = await copyOf(3, 'certificate')
    const path = `${dir}.certificate.cbor`
    const { length } = await readFile(path)
    for (let at = 0; at < length; at += 61) {
      await flip(path, at)
      const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
      assert.deepEqual([report.valid, links(report)], [false, ['3 certificate']], `byte ${at}`)
      await flip(path, at)
    }
  })

  it('names the genesis for a flipped bit anywhere in it', async () => {
    const dir = await copyOf(3, 'genesis')
    const path = `${dir}.genesis.cbor`
    const { length } = await readFile(path)
    for (let at = 0; at < length; at += 61) {
      await flip(path, at)
      const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
      assert.equal(report.valid, false)
      assert(
        links(report).some((link) => link.endsWith(' genesis')),
        `byte ${at}: ${links(report)}`,
      )
      await flip(path, at)
    }
  })

  it('names the file of the genesis base, when it is known', async () => {
    const dir = await copyOf(0, 'start')
    await flip(join(dir, 'config.json'), 4)
    assert.deepEqual(links(await verifyDirectory(dir, { fallback: chain.store })), ['0 file config.json'])
    const alone = await verifyDirectory(dir)
    assert(links(alone).includes('0 directory'))
    assert.equal(alone.valid, false)
  })
})

describe('verifyDirectory of other changes', () => {
  it('names a certificate of another base', async () => {
    const dir = await copyOf(3, 'swapped')
    await cp(join(root, 'base-2.certificate.cbor'), `${dir}.certificate.cbor`)
    for (const fallback of [chain.store, undefined]) {
      const report = await verifyDirectory(dir, { level: 'signatures', ...(fallback ? { fallback } : {}) })
      assert(links(report).includes('3 certificate'), String(links(report)))
      assert.equal(report.certified, false)
    }
  })

  it('names a certificate of another base of the same round, whose files are here too', async () => {
    const [one, two] = chain.entries
    assert(one && two && chain.head.history[1])
    const [, second, first, genesis] = chain.head.history
    assert(second && first && genesis)
    const before = { ...chain.head, ...second, certificate: two.certificate, history: [second, first, genesis] }
    const other = await addRound({ ...chain, head: before, entries: [one, two] }, { seeds: [9, 10] })
    const dir = await copyOf(3, 'sibling')
    await writeFile(`${dir}.certificate.cbor`, other.entries[2]?.certificate ?? assert.fail())
    const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
    assert.deepEqual(links(report), ['3 certificate'])
    assert.match(report.failures[0]?.reason ?? '', /^certificate-wrong-base/)
  })

  it('is not valid with a file that is none of a base', async () => {
    const dir = await copyOf(3, 'more')
    await writeFile(join(dir, 'notes.txt'), 'mine')
    const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
    assert.deepEqual([report.valid, links(report)], [false, ['3 file notes.txt']])
  })

  it('names a file that is missing, and one that is none of a base', async () => {
    const dir = await copyOf(3, 'names')
    await rm(join(dir, 'tokenizer.json'))
    await writeFile(join(dir, 'notes.txt'), 'mine')
    const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
    assert.deepEqual(links(report), ['3 file notes.txt', '3 file tokenizer.json'])
  })

  it('names the block of a file that changes while it is verified', async () => {
    const dir = await copyOf(3, 'changing')
    const report = await verifyDirectory(dir, {
      fallback: chain.store,
      onProgress: () => flipNow(join(dir, 'model.safetensors')),
    })
    const changed = report.failures.filter(({ reason }) => reason.startsWith('block-corrupt'))
    assert(changed.length > 0 && changed.every(({ round, link }) => round === 3 && link.startsWith('block ')))
    assert.equal(report.valid, false)
  })

  it('names the directory when the weights or the config are missing', async () => {
    for (const file of ['model.safetensors', 'config.json']) {
      const dir = await copyOf(3, `without-${file}`)
      await rm(join(dir, file))
      const report = await verifyDirectory(dir, { level: 'signatures', fallback: chain.store })
      assert.equal(report.valid, false)
      assert.deepEqual(links(report), ['3 directory'])
      assert.match(report.failures[0]?.reason ?? '', new RegExp(file.replace('.', '\\.')))
    }
  })
})
