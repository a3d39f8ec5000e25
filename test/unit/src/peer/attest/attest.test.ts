import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { openExportKey } from '../../../../../protocols/attestation/rules.ts'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { encodeJournal } from '../../../../../src/adapters/files/journal-format.ts'
import { createSigner } from '../../../../../src/adapters/system/signer.ts'
import { attest } from '../../../../../src/peer/attest/attest.ts'
import { statementPreAuthentication } from '../../../../../src/peer/attest/dsse.ts'
import { openExportSigner, stateExportKey } from '../../../../../src/peer/attest/signers.ts'
import type { AttestOptions } from '../../../../../src/peer/attest/types.ts'
import { verifyAttestation } from '../../../../../src/peer/attest/verify-attestation.ts'
import { paths } from '../../../../../src/peer/data-dir.ts'
import { openHistory } from '../../../../../src/peer/open-history.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { licensedChain } from '../../../../support/attest/attested.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { writeDataDir } from '../../../../support/history/long-chain.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { reportBy } from '../../../../support/protocols/messages.ts'
import { testKey } from '../../../../support/protocols/network.ts'

const root = temporaryDirectory()
const dataDir = join(root, 'peer')
const model = join(root, 'model')
const key = testKey('outsider')
let chain: TestChain
let base: string
before(async () => {
  chain = await licensedChain()
  base = String(chain.head.base)
  await writeDataDir(dataDir, chain, { key })
  const report = reportBy(testKey('judge'), chain.net, { base: chain.head.base, round: 3 })
  await writeFile(paths.reports(dataDir), encodeJournal([report.envelope]))
  await using history = await openHistory(dataDir)
  await history.export(base, { out: model })
})

let made = 0
/** Writes all three under names of their own. */
async function attestAll(options: Partial<AttestOptions> = {}) {
  made++
  const at = (name: string) => join(root, `${made}.${name}`)
  const files = { inToto: at('intoto'), modelSigning: at('sig'), mlBom: at('bom') }
  return { ...files, attested: await attest({ target: { base }, dataDir, ...files, ...options }) }
}

const refused = (code: Parameters<typeof isColdmeshError>[1], message: RegExp) => (error: unknown) =>
  isColdmeshError(error, code) && message.test(error.message)

describe('attest', () => {
  it('writes all three of a base and of its exported directory, and they tell the truth about both', async () => {
    for (const target of [{ base }, { directory: model }]) {
      const { attested, ...files } = await attestAll({ target, level: 'full' })
      assert.equal(attested.base, base)
      assert.equal(attested.files.length, 7)
      assert.equal(attested.signedBy?.author, toHex(key.publicKey))
      for (const file of Object.values(files)) {
        for (const about of [{ base }, { directory: model }]) {
          const report = await verifyAttestation({ target: about, file, dataDir })
          assert.deepEqual([report.valid, report.failures], [true, []], file)
        }
      }
    }
  })

  it('writes the same statement and bill of materials again, whoever is asked', async () => {
    const [a, b] = [await attestAll(), await attestAll({ target: { directory: model } })]
    assert.deepEqual(await readFile(a.mlBom), await readFile(b.mlBom))
    const payload = async (file: string) => JSON.parse(await readFile(file, 'utf8')).payload
    assert.equal(await payload(a.inToto), await payload(b.inToto))
    const { predicate } = JSON.parse(Buffer.from(await payload(a.inToto), 'base64').toString())
    assert.equal(predicate.reports.length, 1)
    const bundle = async (file: string) => JSON.parse(await readFile(file, 'utf8')).dsseEnvelope.payload
    assert.equal(await bundle(a.modelSigning), await bundle(b.modelSigning))
  })

  it('keeps one export key, readable by its owner only, and binds it to the peer', async () => {
    const { inToto, modelSigning } = await attestAll()
    assert.equal((await stat(paths.exportKey(dataDir))).mode & 0o777, 0o600)
    const said = new Uint8Array(await readFile(`${inToto}.export-key.cbor`))
    assert.deepEqual(said.length, (await readFile(`${modelSigning}.export-key.cbor`)).length)
    const opened = openExportKey(said, chain.network.id)
    assert('message' in opened)
    assert.deepEqual(opened.message.author, key.publicKey)
    const pem = await readFile(`${inToto}.export-key.pub.pem`)
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
    assert.deepEqual(new Uint8Array(spki), opened.message.key)
    const { payload, signatures } = JSON.parse(await readFile(inToto, 'utf8'))
    const bytes = statementPreAuthentication(Buffer.from(payload, 'base64'))
    assert.ok(verify('sha256', bytes, pem, Buffer.from(signatures[1].sig, 'base64')))
  })

  it('warns of the licences of all rounds', async () => {
    const { attested } = await attestAll()
    const kinds = attested.warnings.map(({ kind, licences }) => [kind, ...licences].join(' '))
    assert.deepEqual(kinds, [
      'not-stated',
      'not-spdx see the readme',
      'non-commercial CC-BY-NC-SA-4.0',
      'excluding CC-BY-NC-SA-4.0 CC-BY-SA-4.0',
    ])
    assert.ok(attested.warnings[0]?.contributions.includes('genesis'))
  })

  it('attests the base that the network started from', async () => {
    const start = String(chain.network.genesis.base)
    const { attested, ...files } = await attestAll({ target: { base: start } })
    assert.equal(attested.base, start)
    for (const file of Object.values(files)) {
      assert.ok((await verifyAttestation({ target: { base: start }, file, dataDir })).valid)
      assert.equal((await verifyAttestation({ target: { base }, file, dataDir })).valid, false)
    }
  })

  it('writes nothing over a file, twice to one place, or into the directory that it is about', async () => {
    const there = join(root, 'there')
    await writeFile(there, 'mine')
    const one = { target: { directory: model }, dataDir }
    await assert.rejects(attest({ ...one, mlBom: there }), refused('bad-input', /is there already/))
    const twice = join(root, 'twice')
    await assert.rejects(attest({ ...one, inToto: twice, mlBom: twice }), refused('bad-input', /same one/))
    const inside = join(model, 'model.sig')
    await assert.rejects(attest({ ...one, modelSigning: inside }), refused('bad-input', /would lie in the directory/))
    await writeFile(`${twice}.export-key.cbor`, '')
    await assert.rejects(attest({ ...one, inToto: twice }), refused('bad-input', /export-key.cbor is there already/))
    assert.equal((await readdir(model)).length, 5)
    assert.equal(await readFile(there, 'utf8'), 'mine')
  })

  it('signs nothing about a base that does not hold, is not all here, or nobody knows', async () => {
    const out = (name: string) => ({ inToto: join(root, name), dataDir })
    const changed = join(root, 'changed')
    await mkdir(changed)
    for (const name of await readdir(model)) await copyFile(join(model, name), join(changed, name))
    for (const suffix of ['genesis', 'certificate']) {
      await copyFile(`${model}.${suffix}.cbor`, `${changed}.${suffix}.cbor`)
    }
    const config = join(changed, 'config.json')
    await writeFile(config, '{"model_type":"evil"}')
    await assert.rejects(attest({ target: { directory: changed }, ...out('a') }), refused('not-valid', /does not hold/))
    await writeFile(join(changed, 'more'), '')
    await assert.rejects(attest({ target: { directory: changed }, ...out('a') }), refused('not-valid', /file more/))
    const empty = join(root, 'empty')
    await writeDataDir(empty, chain, { key, hasBlock: () => false })
    const alone = { target: { directory: model }, inToto: join(root, 'a'), dataDir: empty }
    await assert.rejects(attest(alone), refused('block-missing', /not all here/))
    await assert.rejects(
      attest({ target: { base: String(chain.head.weights) }, ...out('a') }),
      refused('bad-input', /no certified base/),
    )
    await assert.rejects(attest({ target: { base: 'x' }, ...out('a') }), refused('bad-input', /not the CID/))
    assert.ok(!(await readdir(root)).includes('a'))
  })

  it('refuses an export key that others can read, that is a link, or none', async () => {
    const dir = join(root, 'keys')
    await writeDataDir(dir, chain, { key })
    const path = paths.exportKey(dir)
    const attempt = (name: string) => attest({ target: { base }, dataDir: dir, modelSigning: join(root, name) })
    await attempt('first')
    await chmod(path, 0o640)
    await assert.rejects(attempt('wide'), refused('refused', /can be read by others \(mode 640\)/))
    await chmod(path, 0o600)
    const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey
    const ed25519 = generateKeyPairSync('ed25519').privateKey
    const others = [p384, ed25519].map((other) => String(other.export({ type: 'pkcs8', format: 'pem' })))
    for (const content of [...others, '', 'no key', await readFile(path, 'utf8').then((pem) => pem.slice(0, 100))]) {
      await writeFile(path, content)
      await assert.rejects(attempt('none'), refused('refused', /is no P-256 key/))
    }
    await rm(path)
    await symlink(paths.exportKey(dataDir), path)
    await assert.rejects(attempt('link'), refused('refused', /is not a regular file/))
    await rm(paths.key(dir))
    await assert.rejects(attempt('nobody'), refused('refused', /does not exist/))
  })
})

describe('verifyAttestation', () => {
  it('refuses a key that another claims, or that is not beside the file', async () => {
    const { modelSigning, inToto } = await attestAll()
    const beside = `${modelSigning}.export-key.cbor`
    const honest = await readFile(beside)
    const thief = createSigner(testKey('thief').seed)
    const own = await openExportSigner(join(root, 'thief.pem'))
    const verdict = async (file: string) => {
      const { valid, failures } = await verifyAttestation({ target: { directory: model }, file, dataDir })
      return [valid, failures[0]?.place]
    }
    await writeFile(beside, stateExportKey(chain.network.id, thief, own))
    assert.deepEqual(await verdict(modelSigning), [false, 'publicKey.hint'])
    await writeFile(beside, honest.fill(0, honest.length - 20))
    assert.deepEqual(await verdict(modelSigning), [false, 'export-key'])
    await rm(beside)
    assert.deepEqual(await verdict(modelSigning), [false, 'signatures'])
    await rm(`${inToto}.export-key.cbor`)
    assert.deepEqual(await verdict(inToto), [false, 'signatures[1]'])
  })

  it('finds one bit changed in a signed directory, and a file added to it', async () => {
    const { modelSigning } = await attestAll()
    const copy = join(root, 'copied')
    await mkdir(copy)
    for (const name of await readdir(model)) await copyFile(join(model, name), join(copy, name))
    await copyFile(`${model}.genesis.cbor`, `${copy}.genesis.cbor`)
    const check = () => verifyAttestation({ target: { directory: copy }, file: modelSigning, dataDir })
    assert.equal((await check()).valid, true)
    const weights = join(copy, 'model.safetensors')
    const bytes = await readFile(weights)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(weights, bytes)
    const changed = await check()
    assert.equal(changed.valid, false)
    assert.ok(changed.failures.some(({ place }) => place === 'predicate.resources[3].digest'))
    await writeFile(join(copy, 'vocab.txt'), 'more')
    assert.ok((await check()).failures.some(({ place }) => place === 'predicate.resources'))
  })

  it('refuses files that are no attestation', async () => {
    const file = join(root, 'no-attestation')
    const verify = () => verifyAttestation({ target: { base }, file, dataDir })
    await assert.rejects(verify(), refused('bad-input', /There is no file/))
    for (const text of [
      '',
      '{',
      '[]',
      '7',
      '{"payload":"e30="}',
      '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}',
    ]) {
      await writeFile(file, text)
      await assert.rejects(verify(), (error) => isColdmeshError(error, 'bad-input'), text)
    }
    await rm(file)
    await mkdir(file)
    await assert.rejects(verify(), refused('bad-input', /directory|regular file/))
  })
})
