import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { decodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import { looseFile, positionIds, randomBody, rawFloats, writeModel } from '../../support/import/write-model.ts'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('import')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const cls = { name: 'cls.predictions.bias', shape: [12], data: new Float32Array(12) }

async function model(name: string): Promise<string> {
  const body = randomBody().map((tensor) => ({ ...tensor, name: `bert.${tensor.name}` }))
  const tensors = [positionIds('bert.embeddings.position_ids'), ...[cls, ...body].map((tensor) => rawFloats(tensor))]
  return writeModel(at(name), { 'model.safetensors': looseFile(tensors) })
}

describe('coldmesh import', () => {
  it('adds a base, says what it dropped, and a network starts from its CID or its directory', async () => {
    const args = ['--dir', at('peer'), '--out', at('base'), '--head', at('head'), '--dtype', 'bf16']
    const { code, stdout, stderr } = await runCli(['import', await model('one'), ...args, '--json'])
    assert.equal(code, 0, stderr)
    const imported = JSON.parse(stdout)
    assert.match(imported.base, /^bafybei/)
    assert.deepEqual([imported.prefix, imported.dropped, imported.dtypes], ['bert.', [cls.name], ['I64', 'BF16']])
    assert.deepEqual(imported.made, ['tokenizer.json', 'tokenizer_config.json'])
    assert.deepEqual(readdirSync(at('base')).sort(), [
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ])
    const { weights } = decodeCheckpoint(readFileSync(join(at('base'), 'model.safetensors')))
    assert.equal(weights.length, randomBody().length)
    assert.deepEqual(decodeCheckpoint(readFileSync(join(at('head'), 'head.safetensors'))).weights, [cls])

    const byCid = await runCli(['genesis', '--dir', at('peer'), '--base', imported.base, '--json'])
    const byDirectory = await runCli(['genesis', '--dir', at('other'), '--base', at('base'), '--json'])
    for (const started of [byCid, byDirectory]) {
      assert.equal(started.code, 0, started.stderr)
      assert.equal(JSON.parse(started.stdout).base, imported.base)
    }
  })

  it('keeps the licence that the model states, so that a bill of materials has it', async () => {
    const source = await model('licensed')
    const bare = await runCli(['import', source, '--dir', at('licensed peer'), '--json'])
    writeFileSync(join(source, 'README.md'), '---\ntags:\n- x\nlicense: "apache-2.0"\n---\n# Whatever\n')
    const args = ['import', source, '--dir', at('licensed peer'), '--out', at('licensed base'), '--json']
    const { base, license } = JSON.parse((await runCli(args)).stdout)
    assert.deepEqual([license, base === JSON.parse(bare.stdout).base], ['apache-2.0', false])
    assert.equal(readFileSync(join(at('licensed base'), 'README.md'), 'utf8'), '---\nlicense: apache-2.0\n---\n')
    // again from what was written, and a network from either
    const again = await runCli(['import', at('licensed base'), '--dir', at('licensed other'), '--json'])
    assert.equal(JSON.parse(again.stdout).base, base)
    const started = await runCli(['genesis', '--dir', at('licensed third'), '--base', at('licensed base'), '--json'])
    assert.equal(JSON.parse(started.stdout).base, base)
    const network = await runCli(['genesis', '--dir', at('licensed peer'), '--base', base, '--json'])
    assert.equal(network.code, 0, network.stderr)
    const bom = await runCli(['export', base, '--dir', at('licensed peer'), '--ml-bom', at('licensed.cdx.json')])
    assert.equal(bom.code, 0, bom.stderr)
    const { metadata, properties } = JSON.parse(readFileSync(at('licensed.cdx.json'), 'utf8'))
    assert.deepEqual(metadata.component.evidence.licenses, [{ license: { name: 'Apache-2.0' } }])
    assert.deepEqual(properties, [])
    const verified = await runCli(['verify', base, '--dir', at('licensed peer')])
    assert.equal(verified.code, 0, verified.stdout)
  })

  it('prints for people what became of the model', async () => {
    const { stdout, code } = await runCli(['import', await model('two'), '--dir', at('two peer')])
    assert.equal(code, 0)
    assert.match(stdout, /^base bafybei\w+\n {2}24 tensors, I64 and F32, \d+ bytes\n/)
    assert.match(stdout, /lose their prefix bert\./)
    assert.match(stdout, /dropped, no part of the encoder: cls\.predictions\.bias/)
    assert.match(stdout, /coldmesh genesis --base bafybei/)
  })

  it('keeps with --nocopy only the names of what is canonical already, and says what else is to be done', async () => {
    const source = await model('four')
    const refused = await runCli(['import', source, '--dir', at('four peer'), '--nocopy'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /bad-input: The weights in .+ are not one canonical file.*\n {2}next: .*--out/)
    const copied = await runCli(['import', source, '--dir', at('four copy'), '--out', at('four base'), '--json'])
    assert.equal(copied.code, 0, copied.stderr)
    const linked = await runCli(['import', at('four base'), '--dir', at('four peer'), '--nocopy', '--json'])
    assert.equal(linked.code, 0, linked.stderr)
    assert.equal(JSON.parse(linked.stdout).base, JSON.parse(copied.stdout).base)
    const again = await runCli(['import', at('four base'), '--dir', at('four again'), '--json'])
    assert.equal(JSON.parse(again.stdout).base, JSON.parse(copied.stdout).base)
    const started = await runCli([
      'genesis',
      '--dir',
      at('four peer'),
      '--base',
      JSON.parse(linked.stdout).base,
      '--json',
    ])
    assert.equal(started.code, 0, started.stderr)
    const kept = readdirSync(join(at('four peer'), 'blocks', 'files')).filter((name) => name.endsWith('.safetensors'))
    assert.deepEqual(kept, [])
  })

  it('leaves nothing behind of a model that is wrong, and exits with 2', async () => {
    const directory = await model('three')
    const path = join(directory, 'model.safetensors')
    const weights = readFileSync(path)
    writeFileSync(path, weights.fill(0xff, weights.length - 4))
    const refused = await runCli(['import', directory, '--dir', at('three peer'), '--out', at('three out')])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /^coldmesh: bad-checkpoint: Tensor "?\S+ has NaN at element \d+\.\n {2}next: ./)
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name.includes('three out')),
      [],
    )
    const taken = await runCli(['import', directory, '--dir', at('three peer'), '--out', at('three')])
    assert.equal(taken.code, 2)
    assert.match(taken.stderr, /is there already/)
    const unknown = await runCli(['genesis', '--dir', at('three peer'), '--base', UNKNOWN_BASE])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /not among the bases of this data directory.*\n {2}next: `coldmesh import DIR`/)
  })
})

/** Well formed, and of nothing. */
const UNKNOWN_BASE = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
