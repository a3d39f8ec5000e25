import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import type { AttestationFile } from '../../../../../src/peer/attest/attestation-file.ts'
import type { AttestedBase } from '../../../../../src/peer/attest/attested-base.ts'
import { canonicalJson } from '../../../../../src/peer/attest/canonical-json.ts'
import { checkAttestation } from '../../../../../src/peer/attest/check-attestation.ts'
import { statementPreAuthentication } from '../../../../../src/peer/attest/dsse.ts'
import { mlBom } from '../../../../../src/peer/attest/ml-bom.ts'
import { readModelFacts } from '../../../../../src/peer/attest/model-facts.ts'
import { readOnlyStore } from '../../../../../src/peer/history/read-only-store.ts'
import { attestedOf, licensedChain, statementOf } from '../../../../support/attest/attested.ts'
import { leavesOf, otherThan, placeOf, withLeaf } from '../../../../support/attest/leaves.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { copyStore, flipBlock } from '../../../../support/history/memory-store.ts'
import { precommitsBy, reportBy } from '../../../../support/protocols/messages.ts'
import { rawSignature, type TestKey, testKey, testNetwork } from '../../../../support/protocols/network.ts'

const judge = testKey('judge')
let chain: TestChain
let attested: AttestedBase
let honest: unknown
let bom: unknown
before(async () => {
  chain = await licensedChain()
  const { base } = attestedOf(chain)
  attested = attestedOf(chain, 3, [reportBy(judge, chain.net, { base, round: 3 })])
  const verification = { level: 'signatures', valid: true, certified: true, rounds: 3, reproduced: 0 }
  const { statement, history, files } = await statementOf(attested, verification)
  honest = JSON.parse(canonicalJson(statement))
  bom = JSON.parse(mlBom({ attested, history, files, model: await readModelFacts(attested) }).text)
})

/** What a key signs, whatever it is. */
function signed(statement: unknown, by: TestKey = judge, text = canonicalJson(statement)): AttestationFile {
  const payload = Buffer.from(text)
  const sig = rawSignature(statementPreAuthentication(payload), by)
  const signatures = [{ keyid: toHex(by.publicKey), sig }]
  return { kind: 'in-toto', envelope: { payload, signatures }, statement: JSON.parse(text), exportKey: null }
}

const check = (file: AttestationFile, about = attested) => checkAttestation(file, about)
const placesOf = async (file: AttestationFile, about = attested) =>
  (await check(file, about)).failures.map(({ place }) => place)

describe('checkAttestation of a statement', () => {
  it('finds the truth, and names who signed', async () => {
    const [member] = chain.net.members
    assert(member)
    const report = await check(signed(honest, member))
    assert.deepEqual([report.valid, report.failures], [true, []])
    assert.deepEqual(
      report.signedBy.map(({ author, member: name }) => [author, name]),
      [[toHex(member.publicKey), 'member-0']],
    )
    assert.deepEqual(report.unchecked, ['predicate.verification'])
    assert.equal((await check(signed(honest))).signedBy[0]?.member, null)
  })

  it('names every field that was changed, whoever signed the lie', async () => {
    let lies = 0
    for (const { path, value } of leavesOf(honest)) {
      const place = placeOf(path)
      const report = await check(signed(withLeaf(honest, path, otherThan(value))))
      const isWord = /^predicate\.verification\.(level|reproduced)$/.test(place)
      if (place === 'predicate.verification.reproduced') assert.ok(report.valid, 'its word')
      else assert.equal(report.valid, false, place)
      const named = report.failures.map((failure) => failure.place)
      const isNamed = named.some((one) => place.startsWith(one) || one.startsWith(place.replace(/\.cbor$/, '')))
      assert.ok(isWord || isNamed, `${place}: ${named.join(', ')}`)
      lies++
    }
    assert.ok(lies > 120, String(lies))
  })

  it('names what is left out, added, and put in another order', async () => {
    const at = (name: string) => JSON.parse(JSON.stringify(honest)).predicate[name]
    const withPredicate = (name: string, value: unknown) => signed(withLeaf(honest, ['predicate', name], value))
    assert.deepEqual(
      await placesOf(withPredicate('inputs', at('inputs').slice(1))).then((all) => all[0]),
      'predicate.inputs',
    )
    assert.ok((await placesOf(withPredicate('inputs', at('inputs').toReversed()))).includes('predicate.inputs[0].id'))
    assert.ok((await placesOf(withPredicate('excluded', [{}]))).includes('predicate.excluded'))
    assert.deepEqual(await placesOf(withPredicate('reports', [])), [], 'nobody has to know every report')
    const { subject } = JSON.parse(JSON.stringify(honest))
    assert.deepEqual(
      await placesOf(signed(withLeaf(honest, ['subject'], subject.slice(1)))).then((all) => all[0]),
      'subject',
    )
    assert.deepEqual(await placesOf(signed({ ...Object(honest), more: true })), ['more'])
  })

  it('refuses another spelling of the same, and names that are there twice', async () => {
    const text = canonicalJson(honest)
    assert.deepEqual(await placesOf(signed(null, judge, ` ${text}`)), ['payload'])
    assert.deepEqual(await placesOf(signed(null, judge, `{"_type":"a lie",${text.slice(1)}`)), ['payload'])
    assert.deepEqual(await placesOf(signed(null, judge, text.replace('"round":3', '"round":3.0000'))), ['payload'])
  })

  it('refuses signatures that do not hold, and statements that nobody signed', async () => {
    const good = signed(honest)
    assert(good.kind === 'in-toto')
    const [only] = good.envelope.signatures
    assert(only)
    const bad = { ...only, sig: Uint8Array.from(only.sig).fill(1, 3, 4) }
    const withSignatures = (...signatures: readonly (typeof only)[]): AttestationFile => ({
      ...good,
      envelope: { ...good.envelope, signatures },
    })
    assert.deepEqual(await placesOf(withSignatures(bad)), ['signatures[0]', 'signatures'])
    assert.deepEqual(await placesOf(withSignatures(only, bad)), ['signatures[1]'])
    assert.deepEqual(await placesOf(withSignatures({ ...only, keyid: '' })), ['signatures[0]', 'signatures'])
    assert.deepEqual(await placesOf(withSignatures({ ...only, keyid: toHex(testKey('x').publicKey) })), [
      'signatures[0]',
      'signatures',
    ])
  })

  it('takes another quorum’s certificate of the same base, and none of fewer', async () => {
    const [, , member] = chain.net.members
    const newcomer = testKey('newcomer')
    assert(member)
    const vote = { network: chain.network.id, round: 3, view: 0, base: attested.base }
    const others = [...chain.net.members.slice(1), newcomer]
    const sayBy = async (keys: readonly TestKey[]) => {
      const certificate = certify(precommitsBy(keys, vote), keys.length)
      const { statement } = await statementOf({ ...attested, certificate })
      return await check(signed(JSON.parse(canonicalJson(statement))))
    }
    assert.equal((await sayBy(others)).valid, true)
    const fewer = await sayBy(others.slice(1))
    assert.equal(fewer.failures[0]?.place, 'predicate.certificate.cbor')
  })

  it('does not take reports about other bases, by nobody, or of other networks', async () => {
    const wrong = [
      reportBy(judge, chain.net, { base: chain.network.genesis.base, round: 3 }),
      reportBy(judge, chain.net, { base: attested.base, round: 2 }),
      reportBy(judge, testNetwork({ name: 'another' }), { base: attested.base, round: 3 }),
    ]
    for (const report of wrong) {
      const { statement } = await statementOf({ ...attested, reports: [report] })
      assert.ok(
        (await placesOf(signed(JSON.parse(canonicalJson(statement))))).includes('predicate.reports[0].envelope'),
      )
    }
  })

  it('says what it cannot know where the rounds before are not here', async () => {
    const { files, card, lineage } = await openBase(attested.base, chain.store.get)
    const store = copyStore(chain.store)
    const kept = new Set([attested.base, card, lineage, ...files.map(({ cid }) => cid)].map(String))
    const own = new Set<string>(kept)
    for (const text of [...store.blocks.keys()]) {
      if (!own.has(text)) store.blocks.delete(text)
    }
    const alone = { ...attested, store: readOnlyStore(store) }
    const report = await check(signed(honest), alone)
    assert.deepEqual([report.valid, report.unchecked], [true, ['predicate.verification', 'predicate.committee']])
    const lie = withLeaf(honest, ['predicate', 'parent'], String(chain.network.genesis.base))
    assert.deepEqual(await placesOf(signed(lie), alone), ['predicate.parent'])
    assert.deepEqual(await placesOf({ kind: 'ml-bom', bom }, alone), ['base'])
  })

  it('names a block that is damaged, and does not crash on what is no statement', async () => {
    const store = copyStore(chain.store)
    const { weights } = await openBase(attested.base, chain.store.get)
    flipBlock(store, weights.cid, 3)
    assert.deepEqual(await placesOf(signed(honest), { ...attested, store: readOnlyStore(store) }), ['base'])
    for (const text of ['null', '[]', '7', '"x"', '{"predicate":{"reports":{"length":9}}}', '{"predicate":[1.5]}']) {
      assert.equal((await check(signed(null, judge, text))).valid, false, text)
    }
    assert.equal((await check(signed(null, judge, `${'['.repeat(50_000)}${']'.repeat(50_000)}`))).valid, false)
  })
})

describe('checkAttestation of a bill of materials', () => {
  it('finds the truth, and leaves evaluations to whoever says them', async () => {
    const report = await check({ kind: 'ml-bom', bom })
    assert.deepEqual([report.valid, report.failures, report.signedBy], [true, [], []])
    assert.deepEqual(report.unchecked, ['metadata.component.modelCard.quantitativeAnalysis'])
  })

  it('names every field that was changed', async () => {
    let lies = 0
    for (const { path, value } of leavesOf(bom)) {
      if (path.includes('quantitativeAnalysis')) continue
      const [place] = await placesOf({ kind: 'ml-bom', bom: withLeaf(bom, path, otherThan(value)) })
      assert.equal(place, placeOf(path))
      lies++
    }
    assert.ok(lies > 200, String(lies))
  })
})
