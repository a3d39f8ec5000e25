import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import type { AttestedBase } from '../../../../../src/peer/attest/attested-base.ts'
import { canonicalJson } from '../../../../../src/peer/attest/canonical-json.ts'
import { attestedOf, licensedChain, statementOf } from '../../../../support/attest/attested.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../../../support/history/checkpoints.ts'
import { rolledBackChain } from '../../../../support/history/rolled-back.ts'
import { reportBy, voucherBy } from '../../../../support/protocols/messages.ts'
import { TEST_ROUND_POLICY, type TestKey, testKey } from '../../../../support/protocols/network.ts'

const schema: object = JSON.parse(
  readFileSync(new URL('../../../../../docs/schemas/base-v1.schema.json', import.meta.url), 'utf8'),
)
const compiled = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema)
const isValid = (value: unknown): boolean => compiled(value)

/** As others read it: nothing but JSON. */
async function read(attested: AttestedBase, verification?: Parameters<typeof statementOf>[1]) {
  return JSON.parse(canonicalJson((await statementOf(attested, verification)).statement))
}

let chain: TestChain
let clipped: TestChain
before(async () => {
  chain = await licensedChain()
  clipped = await licensedChain({ fusion: { rule: 'clipped-mean/1', params: {} } })
})

describe('baseStatement', () => {
  it('has the form of its schema, for every base', async () => {
    for (const each of [chain, clipped]) {
      for (const round of [0, 1, 2, 3]) {
        const statement = await read(attestedOf(each, round))
        assert.ok(isValid(statement), JSON.stringify(compiled.errors))
        assert.equal(statement.predicate.round, round)
      }
    }
  })

  it('has the form of its schema with vouchers, and with late contributions', async () => {
    const start = await startChain('vouched', { contributors: 'vouched' }, SMALL_LAYOUT)
    const [member] = start.net.members
    assert.ok(member)
    const voucherFor = (key: TestKey) => voucherBy(member, start.net, key).envelope
    const vouched = await read(attestedOf(await addRound(start, { voucherFor })))
    assert.ok(isValid(vouched), JSON.stringify(compiled.errors))
    assert.equal(vouched.predicate.inputs[0].vouchedBy, toHex(member.publicKey))
    const policy = { ...TEST_ROUND_POLICY, minContributions: 2, maxStaleness: 2, historyRounds: 4, keepRounds: 4 }
    const first = await addRound(await startChain('late', { round: policy }), { seeds: [1, 2] })
    const late = await read(attestedOf(await addRound(first, { seeds: [5], late: [{ seed: 6, parent: 0 }] })))
    assert.ok(isValid(late), JSON.stringify(compiled.errors))
    assert.deepEqual(late.predicate.inputs.map(({ round }: { round: number }) => round).sort(), [1, 2])
  })

  it('has the form of its schema after a rollback, and says where it went back to', async () => {
    const back = await rolledBackChain()
    const statement = await read(attestedOf(back, 3))
    assert.ok(isValid(statement), JSON.stringify(compiled.errors))
    const { amendment, inputs, weights } = statement.predicate
    assert.deepEqual([amendment.from, amendment.rollback], [3, String(back.entries[0]?.base)])
    assert.deepEqual([inputs, weights], [[], (await read(attestedOf(back, 1))).predicate.weights])
    const wrong = { ...statement, predicate: { ...statement.predicate, amendment: { ...amendment, rollback: null } } }
    assert.equal(isValid(wrong), false)
  })

  it('is refused by its schema with a field more, a field less, a fraction, a float', async () => {
    const statement = await read(attestedOf(chain))
    const { predicate } = statement
    const [input] = predicate.inputs
    const wrong = [
      { ...statement, more: 1 },
      { ...statement, subject: [] },
      { ...statement, predicateType: 'urn:coldmesh:predicate:base:v2' },
      { ...statement, predicate: { ...predicate, round: 1.5 } },
      { ...statement, predicate: { ...predicate, parent: undefined } },
      { ...statement, predicate: { ...predicate, inputs: [{ ...input, author: 'somebody' }] } },
      { ...statement, predicate: { ...predicate, verification: { level: 'full' } } },
    ]
    for (const [i, one] of wrong.entries()) assert.equal(isValid(JSON.parse(JSON.stringify(one))), false, String(i))
  })

  it('is a function of the base: the same bytes again', async () => {
    const [a, b] = [await statementOf(attestedOf(chain)), await statementOf(attestedOf(chain))]
    assert.equal(canonicalJson(a.statement), canonicalJson(b.statement))
  })

  it('names every file by its SHA-256, and the directory', async () => {
    const { subject, predicate } = await read(attestedOf(chain))
    const names = subject.map(({ name }: { name: string }) => name)
    assert.deepEqual(names, [
      'README.md',
      'config.json',
      'lineage.cbor',
      'model.safetensors',
      'tokenizer.json',
      String(chain.head.base),
    ])
    assert.equal(subject.at(-1).uri, `ipfs://${predicate.base}`)
  })

  it('has the committee in force, the votes, inputs, exclusions and licences of its round', async () => {
    const first = (await read(attestedOf(chain, 1))).predicate
    assert.deepEqual([first.committee.votes, first.committee.members.length], [3, 4])
    assert.equal(first.parent, String(chain.network.genesis.base))
    assert.deepEqual(first.inputs.map((input: { dataset: { license: string } }) => input.dataset.license).sort(), [
      'CC-BY-SA-4.0',
      'cc-by-nc-sa-4.0',
      'see the readme',
    ])
    assert.deepEqual(first.excluded.map(({ reason }: { reason: string }) => reason).sort(), ['copy', 'no-change'])
    assert.deepEqual([first.amendment.from, first.amendment.previous, first.amendment.signers.length], [3, null, 3])
    const third = (await read(attestedOf(chain, 3))).predicate
    assert.deepEqual([third.committee.votes, third.committee.members.length], [4, 5])
    assert.equal(third.committee.members.at(-1).key, toHex(testKey('newcomer').publicKey))
    assert.equal(third.certificate.signers.length, 4)
    assert.deepEqual(third.inputs[0].training.learningRateBillionths, 50_000)
  })

  it('has factors and norms of a clipped mean, not rounded', async () => {
    const { rule } = (await read(attestedOf(clipped, 1))).predicate
    assert.equal(rule.name, 'clipped-mean/1')
    assert.deepEqual([rule.factors.length, rule.norms.length], [3, 3])
    assert.ok(rule.norms.every((norm: string) => Buffer.from(norm, 'hex').readDoubleBE() > 0))
  })

  it('has reports with their signatures, and the verification that was made', async () => {
    const { base } = attestedOf(chain)
    const report = reportBy(testKey('judge'), chain.net, { base, round: 3 })
    const verification = { level: 'signatures', valid: true, certified: true, rounds: 3, reproduced: 0 }
    const statement = await read(attestedOf(chain, 3, [report]), verification)
    assert.ok(isValid(statement), JSON.stringify(compiled.errors))
    assert.equal(statement.predicate.reports[0].valueBillionths, report.message.value)
    assert.deepEqual(Buffer.from(statement.predicate.reports[0].envelope, 'base64'), Buffer.from(report.envelope))
    assert.deepEqual(statement.predicate.verification, verification)
  })
})
