import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { licensedChain } from '../../support/attest/attested.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { writeDataDir } from '../../support/history/long-chain.ts'
import { runCli, startDaemon, temporaryFolder } from '../../support/node/cli.ts'
import { testKey } from '../../support/protocols/network.ts'

const folder = temporaryFolder('attest')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const dir = at('peer')
let chain: TestChain
let base: string
before(async () => {
  chain = await licensedChain()
  base = String(chain.head.base)
  await writeDataDir(dir, chain, { key: testKey('outsider') })
})

async function succeeds(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, '--dir', dir])
  assert.equal(code, 0, stderr + stdout)
  return stdout
}

/** One line with the code, one with the next step, and no stack. */
async function refuses(args: readonly string[], exit: number, message: RegExp): Promise<void> {
  const { code, stderr, stdout } = await runCli([...args, '--dir', dir])
  assert.equal(code, exit, stderr)
  assert.match(stderr, message)
  assert.match(stderr, /\n {2}next: ./)
  assert.equal(`${stdout}${stderr}`.includes('    at '), false)
}

describe('export, for other tools', () => {
  it('writes the directory and all three files, and says who signed and what to think of', async () => {
    const files = ['--in-toto', at('a.json'), '--model-signing', at('a.sig'), '--ml-bom', at('a.cdx.json')]
    const out = await succeeds('export', base, '--out', at('model'), ...files, '--level', 'full')
    assert.match(out, /signed by …[0-9a-f]{8}, export key …[0-9a-f]{8}/)
    assert.match(out, /licences.*no legal advice/)
    assert.match(out, /excluding CC-BY-NC-SA-4\.0 and CC-BY-SA-4\.0: .* By …/)
    const { predicate } = JSON.parse(
      Buffer.from(JSON.parse(await readFile(at('a.json'), 'utf8')).payload, 'base64').toString(),
    )
    assert.deepEqual(predicate.verification, { level: 'full', valid: true, certified: true, rounds: 3, reproduced: 3 })
    for (const file of ['a.json', 'a.sig', 'a.cdx.json']) {
      const told = await succeeds('verify', at('model'), '--level', 'signatures', '--attestation', at(file))
      assert.match(told, /tells the truth about this base/)
    }
  })

  it('works on an exported directory, and prints objects', async () => {
    const said = JSON.parse(
      await succeeds('export', at('model'), '--in-toto', at('b.json'), '--ml-bom', at('b.bom'), '--json'),
    )
    assert.deepEqual([said.cid, said.kind, said.files.length], [base, 'base', 4])
    assert.match(said.signedBy.author, /^[0-9a-f]{64}$/)
    assert.ok(said.warnings.some(({ kind }: { kind: string }) => kind === 'excluding'))
    assert.deepEqual(await readFile(at('b.bom')), await readFile(at('a.cdx.json')))
    const report = JSON.parse(
      await succeeds('verify', base, '--level', 'signatures', '--attestation', at('b.json'), '--json'),
    )
    assert.deepEqual([report.valid, report.attestation.kind, report.attestation.valid], [true, 'in-toto', true])
  })

  it('works while a daemon runs on the data directory', async () => {
    const daemon = await startDaemon(['--dir', dir])
    try {
      await succeeds('export', base, '--in-toto', at('c.json'), '--model-signing', at('c.sig'))
      await succeeds('verify', base, '--level', 'signatures', '--attestation', at('c.json'))
    } finally {
      await daemon.stop()
    }
  })

  it('refuses what makes no sense, in words', async () => {
    const out = ['--ml-bom', at('never')]
    await refuses(['export', base, '--out', at('never'), '--level', 'full'], 2, /--level goes with --in-toto/)
    await refuses(['export', at('model'), '--out', at('never')], 2, /is a directory already/)
    await refuses(['export', at('model')], 2, /where the files should go/)
    await refuses(['export', 'nonsense', ...out], 2, /is not a CID/)
    await refuses(['export', at('a.json'), ...out], 2, /./)
    await refuses(['export', String(chain.head.weights), ...out], 2, /no certified base/)
    await refuses(['export', base, '--ml-bom', at('a.json')], 2, /is there already/)
    await refuses(['export', base, '--out', at('never'), '--ml-bom', at('a.json')], 2, /is there already/)
    await refuses(['export', base, '--out', at('never'), '--ml-bom', at('never/bom')], 2, /would lie in the directory/)
    assert.equal(existsSync(at('never')), false)
    await refuses(['export', at('model'), '--ml-bom', at('model/more')], 2, /would lie in the directory/)
  })
})

describe('verify --attestation', () => {
  it('names a lie, and ends with 4', async () => {
    const envelope = JSON.parse(await readFile(at('a.json'), 'utf8'))
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"rows":100', '"rows":900')
    const lie = { ...envelope, payload: Buffer.from(payload).toString('base64') }
    await writeFile(at('lie.json'), JSON.stringify(lie))
    await copyFile(at('a.json.export-key.cbor'), at('lie.json.export-key.cbor'))
    const args = ['verify', base, '--dir', dir, '--level', 'signatures', '--attestation', at('lie.json')]
    const { code, stdout } = await runCli(args)
    assert.equal(code, 4, stdout)
    assert.match(stdout, /in-toto does NOT tell the truth about this base/)
    assert.match(stdout, /predicate\.inputs\[0\]\.dataset\.rows: says 900, it is 100/)
    assert.match(stdout, /signatures\[0\]: does not hold/)
    const bom = (await readFile(at('a.cdx.json'), 'utf8')).replace('CC-BY-SA-4.0', 'MIT')
    await writeFile(at('lie.bom'), bom)
    const told = await runCli([
      'verify',
      at('model'),
      '--dir',
      dir,
      '--level',
      'signatures',
      '--attestation',
      at('lie.bom'),
      '--json',
    ])
    assert.equal(told.code, 4, told.stdout)
    const { valid, attestation } = JSON.parse(told.stdout)
    assert.deepEqual([valid, attestation.valid, attestation.failures.length], [true, false, 1])
  })

  it('writes nothing of what others wrote raw to a terminal', async () => {
    const statement = JSON.stringify({ '\u001b[31m': '\u202e' })
    const envelope = {
      payload: Buffer.from(statement).toString('base64'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ keyid: '\u001b]0;title\u0007', sig: 'AAAA' }],
    }
    await writeFile(at('evil.json'), JSON.stringify(envelope))
    const { code, stdout } = await runCli([
      'verify',
      base,
      '--dir',
      dir,
      '--level',
      'signatures',
      '--attestation',
      at('evil.json'),
    ])
    assert.equal(code, 4)
    assert.match(stdout, /\\u\{1b\}/)
    for (const raw of ['\u001b]', '\u202e', '\u0007']) assert.equal(stdout.includes(raw), false)
  })

  it('refuses a file that is none', async () => {
    await refuses(['verify', base, '--level', 'signatures', '--attestation', at('absent')], 2, /There is no file/)
    await refuses(
      ['verify', base, '--level', 'signatures', '--attestation', at('model')],
      2,
      /is a directory|no regular file/,
    )
    await refuses(
      ['verify', '--evidence', at('a.json'), '--attestation', at('a.json')],
      2,
      /--attestation goes with a base/,
    )
  })
})
