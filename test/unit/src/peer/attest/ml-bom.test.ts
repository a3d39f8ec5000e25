import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { AttestedBase } from '../../../../../src/peer/attest/attested-base.ts'
import { datasetRef, fromBillionths } from '../../../../../src/peer/attest/bom-components.ts'
import { mlBom } from '../../../../../src/peer/attest/ml-bom.ts'
import { readModelFacts } from '../../../../../src/peer/attest/model-facts.ts'
import { attestedOf, licensedChain, statementOf } from '../../../../support/attest/attested.ts'
import { addRound, type TestChain } from '../../../../support/history/build-chain.ts'
import { rolledBackChain } from '../../../../support/history/rolled-back.ts'
import { reportBy } from '../../../../support/protocols/messages.ts'
import { testKey } from '../../../../support/protocols/network.ts'

async function bomOf(attested: AttestedBase, license: string | null = null) {
  const { history, files } = await statementOf(attested)
  const model = { ...(await readModelFacts(attested)), license }
  const { text, warnings } = mlBom({ attested, history, files, model })
  return { bom: JSON.parse(text), warnings, history, text }
}

type Part = Readonly<Record<string, unknown>> & { readonly 'bom-ref': string; readonly type: string }

let chain: TestChain
before(async () => {
  chain = await licensedChain()
})

describe('mlBom', () => {
  it('has the whole history: every base before, every contribution, what each was trained on', async () => {
    const { bom, history } = await bomOf(attestedOf(chain))
    const inputs = history.rounds.flatMap((round) => round.inputs)
    const parts: readonly Part[] = bom.components
    const ofKind = (kind: string) => parts.filter((part) => part['bom-ref'].startsWith(`${kind}:`))
    assert.deepEqual([ofKind('base').length, ofKind('contribution').length], [3, inputs.length])
    assert.equal(ofKind('data').length, new Set(inputs.map(datasetRef)).size)
    const { dependencies } = bom
    const of = (ref: string) => dependencies.find((one: { ref: string }) => one.ref === ref)?.dependsOn
    assert.deepEqual(of(`base:${chain.head.base}`)[0], `base:${chain.entries[1]?.base}`)
    assert.deepEqual(of(`base:${chain.entries[1]?.base}`), [`base:${chain.entries[0]?.base}`])
    assert.deepEqual(of(`base:${chain.network.genesis.base}`), [])
    for (const input of inputs) {
      assert.deepEqual(of(`contribution:${input.id}`), [`base:${input.parent}`, datasetRef(input)])
    }
  })

  it('has a dataset once that serves in several rounds', async () => {
    const datasetOf = () => ({ name: 'the same' })
    const once = await addRound(chain, { seeds: [21, 22], datasetOf })
    const twice = await addRound(once, { seeds: [31, 32], datasetOf })
    const { bom } = await bomOf(attestedOf(twice))
    const same = bom.components.filter((part: Part) => part.type === 'data' && part['name'] === 'the same')
    assert.equal(same.length, 4, 'one of each author')
  })

  it('states licences as they were stated, SPDX’s as expressions', async () => {
    const { bom } = await bomOf(attestedOf(chain), 'apache-2.0')
    const stated = (name: string) => bom.components.find((part: Part) => part['name'] === name)?.licenses
    assert.deepEqual(stated('rows 2'), [{ expression: 'CC-BY-NC-SA-4.0', acknowledgement: 'declared' }])
    assert.deepEqual(stated('rows 3'), [{ license: { name: 'see the readme', acknowledgement: 'declared' } }])
    const first = bom.components.find((part: Part) => part['bom-ref'] === `base:${chain.network.genesis.base}`)
    assert.deepEqual(first.licenses, [{ expression: 'Apache-2.0', acknowledgement: 'declared' }])
    const { licenses, evidence } = bom.metadata.component
    assert.equal(licenses, undefined, 'nobody licensed the base')
    assert.ok(evidence.licenses.some((one: { license: { name: string } }) => one.license.name === 'Apache-2.0'))
  })

  it('has evaluations, exact', async () => {
    const { base } = attestedOf(chain)
    const report = reportBy(testKey('judge'), chain.net, { base, round: 3 })
    const { bom } = await bomOf(attestedOf(chain, 3, [report]))
    const [metric] = bom.metadata.component.modelCard.quantitativeAnalysis.performanceMetrics
    assert.equal(metric.value, fromBillionths(report.message.value))
    assert.deepEqual([0, 1, 1_000_000_000, 920_000_000, 123_456_789, 500].map(fromBillionths), [
      '0',
      '0.000000001',
      '1',
      '0.92',
      '0.123456789',
      '0.0000005',
    ])
  })

  it('has no date and a serial number of its base: the same text again', async () => {
    const [a, b] = [await bomOf(attestedOf(chain)), await bomOf(attestedOf(chain))]
    assert.equal(a.text, b.text)
    assert.match(a.bom.serialNumber, /^urn:uuid:[0-9a-f-]{36}$/)
    assert.notEqual(a.bom.serialNumber, (await bomOf(attestedOf(chain, 2))).bom.serialNumber)
    assert.equal(JSON.stringify(a.bom).includes('timestamp'), false)
  })
})

describe('a bill of materials after a rollback', () => {
  it('has what was reverted, says so, and lets nothing depend on it', async () => {
    const { bom, history } = await bomOf(attestedOf(await rolledBackChain()))
    assert.deepEqual(
      history.rounds.map(({ revertedBy }) => revertedBy),
      [null, 3, null, null],
    )
    const reverted = bom.components.filter((part: Part) => JSON.stringify(part).includes('coldmesh:reverted-by-round'))
    const kinds = reverted.map((part: Part) => part['bom-ref'].split(':')[0])
    assert.deepEqual(kinds.sort(), ['base', 'contribution', 'contribution', 'data', 'data'])
    const reached = new Set<string>()
    const reach = (ref: string): void => {
      if (reached.has(ref)) return
      reached.add(ref)
      bom.dependencies.find((one: { ref: string }) => one.ref === ref)?.dependsOn.forEach(reach)
    }
    reach(bom.metadata.component['bom-ref'])
    assert.deepEqual(
      reverted.filter((part: Part) => reached.has(part['bom-ref'])),
      [],
    )
    assert.equal(reached.size, 4 + 4 + 4, 'four bases, four contributions, their data')
    assert.deepEqual(bom.metadata.component.properties, [{ name: 'coldmesh:reverted-rounds', value: '2' }])
  })

  it('asks nothing of licences that were reverted, and everything before they were', async () => {
    const chain = await rolledBackChain()
    const kinds = async (round: number) =>
      (await bomOf(attestedOf(chain, round), 'MIT')).warnings.map(({ kind }) => kind).sort()
    assert.deepEqual(await kinds(2), ['excluding', 'non-commercial'])
    assert.deepEqual(await kinds(4), [])
    const { bom } = await bomOf(attestedOf(chain))
    assert.equal(JSON.stringify(bom.metadata.component.evidence).includes('NC'), false)
  })

  it('names the base that the rollback restored as the ancestor', async () => {
    const chain = await rolledBackChain()
    const { bom } = await bomOf(attestedOf(chain, 3))
    const { ancestors, notes } = bom.metadata.component.pedigree
    assert.deepEqual([ancestors[0].version, ancestors.length], ['round 1', 1])
    assert.match(JSON.stringify(ancestors), new RegExp(String(chain.entries[0]?.base)))
    assert.match(notes, /A rollback/)
  })
})
