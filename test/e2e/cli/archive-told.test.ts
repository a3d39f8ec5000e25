import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { archiveOf } from '../../support/archive/small-archive.ts'
import { licensedChain } from '../../support/attest/attested.ts'
import { addRound, startChain, type TestChain } from '../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../support/history/checkpoints.ts'
import { writeDataDir } from '../../support/history/long-chain.ts'
import { rolledBackChain } from '../../support/history/rolled-back.ts'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'
import { readTags } from '../../support/node/html-tags.ts'
import { testKey } from '../../support/protocols/network.ts'

const folder = temporaryFolder('archives told')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const nowhere = ['--dir', at('nowhere')]
/** Its committee changes in round 3. */
let chain: TestChain
const files: Record<string, string> = {}
before(async () => {
  chain = await licensedChain()
  for (const contents of ['lineage', 'weights', 'everything'] as const) {
    files[contents] = (await archiveOf(chain, contents, folder.path)).path
  }
  files['back'] = (await archiveOf(await rolledBackChain(), 'everything', folder.path)).path
  await writeDataDir(at('peer'), chain, { key: testKey('outsider') })
})
const car = (name: string) => files[name] ?? assert.fail(name)

describe('log, of an archive', () => {
  it('tells every round from the file alone, under the committee of each', async () => {
    for (const contents of ['lineage', 'everything']) {
      const { code, stdout, stderr } = await runCli(['log', car(contents), ...nowhere, '--json'])
      assert.equal(code, 0, stderr)
      const rounds = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual(
        rounds.map(({ base }) => base),
        chain.entries.map(({ base }) => String(base)).reverse(),
      )
    }
    assert.equal(existsSync(at('nowhere')), false)
  })

  it('says what a rollback reverted, and writes the page with norms measured', async () => {
    const { stdout } = await runCli(['log', car('back'), ...nowhere])
    assert.match(stdout, /^round 2 {2}bafy\w+ {2}reverted by round 3: not in the weights$/m)
    assert.equal(stdout.match(/reverted/g)?.length, 1)
    const page = await runCli(['log', car('back'), ...nowhere, '--html', at('back.html')])
    assert.equal(page.code, 0, page.stderr)
    const { text } = readTags(await readFile(at('back.html'), 'utf8'))
    assert.match(text, /reverted by round 3/)
    assert.match(text, /\d\.\d+ measured/)
  })

  it('tells an exported directory as far as it goes', async () => {
    const out = await runCli(['import', car('weights'), '--out', at('base')])
    assert.equal(out.code, 0, out.stderr)
    // of the round after an amendment, the committee is not known from the directory alone
    const whole = await runCli(['log', at('base'), ...nowhere])
    assert.equal(whole.code, 4, whole.stdout)
    const back = await runCli(['import', car('back'), '--out', at('back')])
    assert.equal(back.code, 0, back.stderr)
    const { code, stdout } = await runCli(['log', at('back'), ...nowhere])
    assert.equal(code, 0, stdout)
    assert.match(stdout, /^round 4 .*\n(?:.*\n)*the rounds before are not here: /)
  })

  it('tells nothing of one that does not hold, or is none', async () => {
    const bytes = await readFile(car('lineage'))
    const flipped = Buffer.from(bytes)
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] ?? 0) ^ 1
    await writeFile(at('flipped.car'), flipped)
    const bad = await runCli(['log', at('flipped.car'), ...nowhere])
    assert.deepEqual([bad.code, bad.stdout, /is no archive: archive-block/.test(bad.stderr)], [2, '', true])
    await writeFile(at('text'), 'hello')
    const none = await runCli(['log', at('text'), ...nowhere])
    assert.deepEqual([none.code, /is no archive/.test(none.stderr)], [2, true])
  })
})

describe('attestations and an archive', () => {
  const attest = ['--in-toto', at('a.json'), '--model-signing', at('a.sig'), '--ml-bom', at('a.cdx.json')]
  const verify = (file: string, attestation: string, ...more: readonly string[]) =>
    runCli(['verify', file, '--level', 'signatures', '--attestation', at(attestation), ...more])

  it('are compared with the file alone, where it has the base', async () => {
    const made = await runCli(['export', String(chain.head.base), '--dir', at('peer'), ...attest])
    assert.equal(made.code, 0, made.stderr)
    for (const name of ['a.json', 'a.sig', 'a.cdx.json']) {
      for (const contents of ['weights', 'everything']) {
        const { code, stdout } = await verify(car(contents), name, ...nowhere)
        assert.equal(code, 0, stdout)
        assert.match(stdout, /tells the truth about this base/)
      }
    }
  })

  it('are not true of a lineage alone, which says what it lacks, unless a data directory has it', async () => {
    for (const name of ['a.json', 'a.sig', 'a.cdx.json']) {
      const { code, stdout } = await verify(car('lineage'), name, ...nowhere, '--json')
      const { valid, attestation } = JSON.parse(stdout)
      assert.deepEqual([code, valid, attestation.valid, attestation.failures.length], [4, true, false, 1])
      assert.match(attestation.failures[0].reason, /files are not here, so their digests can't be compared/)
      assert.equal(attestation.signedBy.length, name === 'a.json' ? 2 : name === 'a.sig' ? 1 : 0)
      assert.equal((await verify(car('lineage'), name, '--dir', at('peer'))).code, 0)
    }
    const { stdout, stderr } = await verify(car('lineage'), 'a.json', ...nowhere)
    assert.match(stdout + stderr, /it has the lineage alone, and an attestation is about files/)
  })

  it('are found to lie, by a lineage alone too', async () => {
    const envelope = JSON.parse(await readFile(at('a.json'), 'utf8'))
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"rows":100', '"rows":900')
    await writeFile(at('lie.json'), JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }))
    for (const contents of ['lineage', 'weights']) {
      const { code, stdout } = await verify(car(contents), 'lie.json', ...nowhere)
      assert.equal(code, 4)
      assert.match(stdout, /predicate\.inputs\[0\]\.dataset\.rows: says 900, it is 100/)
    }
  })

  it('are made of one: the bill of materials by anybody, the signed ones with keys', async () => {
    const bom = await runCli(['export', car('weights'), ...nowhere, '--ml-bom', at('b.cdx.json')])
    assert.equal(bom.code, 0, bom.stderr)
    assert.deepEqual(await readFile(at('b.cdx.json')), await readFile(at('a.cdx.json')))
    assert.equal(existsSync(at('nowhere')), false)
    const refused = async (message: RegExp, ...args: readonly string[]) => {
      const { code, stderr } = await runCli(['export', ...args])
      assert.deepEqual([code === 0, message.test(stderr), / {4}at /.test(stderr)], [false, true, false], stderr)
    }
    await refused(/no data directory/, car('weights'), ...nowhere, '--in-toto', at('never'))
    await refused(/is not in this archive/, car('lineage'), ...nowhere, '--ml-bom', at('never'))
    await refused(/import unpacks an archive/, car('weights'), ...nowhere, '--out', at('never'))
    await refused(/is not the CID of a base/, car('weights'), ...nowhere, '--car', at('never'))
    const signed = await runCli(['export', car('weights'), '--dir', at('peer'), '--in-toto', at('c.json')])
    assert.equal(signed.code, 0, signed.stderr)
    assert.equal((await verify(car('weights'), 'c.json', ...nowhere)).code, 0)
  })

  it('are told beside what is wrong with a damaged archive', async () => {
    const bytes = await readFile(car('weights'))
    const flipped = Buffer.from(bytes)
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] ?? 0) ^ 1
    await writeFile(at('damaged.car'), flipped)
    const { code, stdout } = await verify(at('damaged.car'), 'a.json', ...nowhere, '--json')
    const { failures, attestation } = JSON.parse(stdout)
    assert.deepEqual([code, failures[0].link, attestation.valid], [4, 'archive', false])
    assert.match(attestation.failures[0].reason, /is no archive: archive-block/)
  })

  it('are not compared with a URL', async () => {
    const { code, stderr } = await verify('http://127.0.0.1:1/a.car', 'a.json')
    assert.deepEqual([code, /not with a URL/.test(stderr)], [2, true])
  })
})

describe('data check, against an archive', () => {
  it('names the contribution, of whichever round, whose data a row was in', async () => {
    await writeFile(at('reviews.csv'), 'text,label\nbad,1\nawful,1\ngood,2\nfine,2\nwell,2\n')
    const salt = ['--salt', at('salt')]
    const committed = await runCli(['data', 'commit', at('reviews.csv'), ...salt, '--json'])
    const { root, rows } = JSON.parse(committed.stdout)
    const proof = ['data', 'prove-row', at('reviews.csv'), ...salt, '--row', '3', '--out', at('row.json')]
    assert.equal((await runCli(proof)).code, 0)
    const commitment = new Uint8Array(Buffer.from(root, 'hex'))
    const datasetOf = (seed: number) => (seed === 1 ? { name: 'mine', rows, commitment } : {})
    const first = await addRound(await startChain('data', {}, SMALL_LAYOUT), { seeds: [1, 2], datasetOf })
    const { path } = await archiveOf(await addRound(first, { seeds: [3, 4] }), 'lineage', folder.path)
    const check = (file: string) => runCli(['data', 'check', at('row.json'), '--contribution', file])
    const found = await check(path)
    assert.equal(found.code, 0, found.stderr)
    assert.match(
      found.stdout,
      /^valid: row 3 of 5 was in the data\nof mine, task \S+, in contribution …\w+ to round 1 by/,
    )
    const other = await check(car('lineage'))
    assert.deepEqual([other.code, /it is of a commitment that is not there/.test(other.stdout)], [4, true])
    await writeFile(at('text'), 'hello')
    assert.match((await check(at('text'))).stderr, /no contribution, lineage or archive: it is none of them/)
  })
})
