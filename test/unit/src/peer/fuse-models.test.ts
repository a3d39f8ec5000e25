import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodeLayout, parseLayout, type TensorSpec } from '../../../../src/checkpoint/layout.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/checkpoint/safetensors.ts'
import { importFile } from '../../../../src/checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { type FuseModelsOptions, fuseModels } from '../../../../src/peer/fuse-models.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

const SPECS: readonly TensorSpec[] = [
  { name: 'embeddings.weight', dtype: 'F32', shape: [50, 7] },
  { name: 'layer.weight', dtype: 'F32', shape: [7, 7] },
  { name: 'layer.bias', dtype: 'F32', shape: [7] },
]

function weightsOf(specs: readonly TensorSpec[], seed: number, metadata = {}): Uint8Array {
  const tensors = specs.map(({ name, shape }, tensor) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, i) => Math.sin(i + tensor + seed))
    return { name, shape, data }
  })
  return encodeCheckpoint(encodeLayout(specs, metadata), tensors)
}

describe('fuseModels', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-fuse-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function model(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
    const path = join(folder, name)
    await mkdir(path, { recursive: true })
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(path, file), bytes)
    return path
  }
  const whole = (name: string, seed: number, more = {}) =>
    model(name, { 'model.safetensors': weightsOf(SPECS, seed), 'config.json': `{"of":"${name}"}`, ...more })

  async function byStream(files: readonly Uint8Array[], base: Uint8Array, rule: string, params = {}): Promise<Buffer> {
    const open = (bytes: Uint8Array) =>
      async function* () {
        yield bytes
      }
    const layout = parseLayout(base, base.length)
    const chunks: Uint8Array[] = []
    const options = { layout, base: open(base), inputs: files.map(open), rule, params }
    for await (const chunk of fuseCheckpoints(options)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  it('writes what fuseCheckpoints gives, the base’s other files, a card, and their CIDs', async () => {
    const base = await whole('base', 0, { 'vocab.txt': 'a\nb\n', 'pytorch_model.bin': 'no part of it' })
    const inputs = [await whole('one', 1), await whole('two', 2), await whole('three', 3)]
    const out = join(folder, 'ties')
    const params = { density: 300_000_000 }
    const fused = await fuseModels({ inputs, base, rule: 'ties/1', params, out })
    const expected = await byStream(
      [1, 2, 3].map((seed) => weightsOf(SPECS, seed)),
      weightsOf(SPECS, 0),
      'ties/1',
      params,
    )
    assert.ok(expected.equals(await readFile(join(out, 'model.safetensors'))))
    assert.deepEqual(await readdir(out), ['README.md', 'config.json', 'model.safetensors', 'vocab.txt'])
    assert.equal(await readFile(join(out, 'config.json'), 'utf8'), '{"of":"base"}')
    assert.equal(fused.weights, String((await importFile([expected], () => {})).cid))
    const card = await readFile(join(out, 'README.md'), 'utf8')
    const { cid: ofTwo } = await importFile([weightsOf(SPECS, 2)], () => {})
    assert.equal(fused.inputs[1]?.weights, String(ofTwo))
    for (const text of ['ties/1,density=0.3', fused.weights, `two | \`${ofTwo}\``, 'base'])
      assert.ok(card.includes(text), text)
  })

  it('takes files, shards, and other orders and metadata, and fuses the same', async () => {
    const first = join(await whole('file', 1), 'model.safetensors')
    const turned = [...SPECS].reverse()
    const other = await model('other', { 'model.safetensors': weightsOf(turned, 9, { format: 'pt' }) })
    const [a, b, c] = SPECS.map((spec) => [spec])
    const shards = await model('shards', {
      'model-1.safetensors': weightsOf(a ?? [], 4),
      'model-2.safetensors': weightsOf([...(c ?? []), ...(b ?? [])], 5),
      'model.safetensors.index.json': JSON.stringify({
        weight_map: {
          ...{ 'embeddings.weight': 'model-1.safetensors', 'layer.weight': 'model-2.safetensors' },
          'layer.bias': 'model-2.safetensors',
        },
      }),
    })
    const out = join(folder, 'mixed')
    await fuseModels({ inputs: [first, other, shards], rule: 'mean/1', params: {}, out })
    const value = (seed: number, tensor: number, i: number) => Math.fround(Math.sin(i + tensor + seed))
    const bytes = await readFile(join(out, 'model.safetensors'))
    const { tensors, dataStart } = parseLayout(bytes, bytes.length)
    assert.deepEqual(
      tensors.map(({ name }) => name),
      SPECS.map(({ name }) => name),
    )
    const [begin = 0] = tensors.map((tensor) => dataStart + tensor.begin)
    for (let i = 0; i < 350; i++) {
      const mean = Math.fround((value(1, 0, i) + value(9, 2, i) + value(4, 0, i)) / 3)
      assert.equal(bytes.readFloatLE(begin + 4 * i), mean, `${i}`)
    }
    assert.deepEqual(await readdir(out), ['README.md', 'model.safetensors'])
  })

  it('converts what it is told to, and says so in the config', async () => {
    const half = SPECS.map((spec) => ({ ...spec, dtype: 'BF16' as const }))
    const inputs = [
      await whole('wide', 1, { 'config.json': '{"torch_dtype":"float32"}' }),
      await model('narrow', { 'model.safetensors': weightsOf(half, 1) }),
    ]
    const options = { inputs, rule: 'mean/1', params: {} }
    await assert.rejects(
      fuseModels({ ...options, out: join(folder, 'never') }),
      (error) => isColdmeshError(error, 'bad-input') && /"embeddings.weight".* is BF16, and F32/.test(error.message),
    )
    const out = join(folder, 'halves')
    const { bytes } = await fuseModels({ ...options, dtype: 'bf16', out })
    assert.ok(bytes < 2 * weightsOf(half, 1).length)
    assert.deepEqual(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')), { torch_dtype: 'bfloat16' })
    const made = await readFile(join(out, 'model.safetensors'))
    // the two are equal once they are rounded
    const expected = decodeCheckpoint(weightsOf(half, 1)).weights
    for (const { name, data } of decodeCheckpoint(made).weights) {
      assert.deepEqual(data, expected.find((tensor) => tensor.name === name)?.data, name)
    }
  })

  it('refuses what does not fit, and leaves nothing', async () => {
    const one = await whole('right', 1)
    const lacking = await model('lacking', { 'model.safetensors': weightsOf(SPECS.slice(0, 2), 1) })
    const longer = await model('longer', {
      'model.safetensors': weightsOf([...SPECS, { name: 'head.weight', dtype: 'F32', shape: [2] }], 1),
    })
    const shaped = await model('shaped', {
      'model.safetensors': weightsOf(
        [{ name: 'embeddings.weight', dtype: 'F32', shape: [7, 50] }, ...SPECS.slice(1)],
        1,
      ),
    })
    const broken = weightsOf(SPECS, 1)
    new DataView(broken.buffer, broken.byteOffset).setFloat32(broken.length - 4, Number.NaN, true)
    const infinite = await model('infinite', { 'model.safetensors': broken })
    const out = join(folder, 'nothing')
    const fuse = (inputs: readonly string[], more: Partial<FuseModelsOptions> = {}) =>
      fuseModels({ inputs, rule: 'mean/1', params: {}, out, ...more })
    const empty = await model('empty', {})
    const cases: readonly (readonly [() => Promise<unknown>, string, RegExp])[] = [
      [() => fuse([one, lacking]), 'bad-input', /lacking has no tensor "layer.bias", which .*right has/],
      [() => fuse([one, longer]), 'bad-input', /longer has a tensor "head.weight", which .*right lacks/],
      [() => fuse([one, shaped]), 'bad-input', /"embeddings.weight" of .*shaped has the shape \[7,50\], and \[50,7\]/],
      [
        () => fuse([one, infinite]),
        'bad-checkpoint',
        /Input 1 has NaN or infinity in tensor "layer.bias" at element 6/,
      ],
      [() => fuse([one, join(folder, 'absent')]), 'bad-input', /absent is not there/],
      [() => fuse([one, empty]), 'bad-input', /neither model.safetensors nor/],
      [() => fuse([]), 'bad-input', /0 models/],
      [() => fuse([one], { rule: 'clipped-mean/1' }), 'bad-input', /a base, and none is named/],
      [() => fuse([one], { params: { step: 5 } }), 'bad-input', /a base, and none is named/],
      [() => fuse([one], { rule: 'weighted-mean/1', params: { maxRows: 5 } }), 'bad-input', /rows of each input/],
      [() => fuse([one], { rule: 'best/1' }), 'unsupported', /best/],
      [() => fuse([one], { out: one }), 'bad-input', /is there already/],
      [() => fuse([one], { signal: AbortSignal.abort() }), 'aborted', /aborted/],
    ]
    for (const [refused, code, message] of cases) {
      await assert.rejects(refused(), (error: unknown) => {
        assert.ok(isColdmeshError(error), String(error))
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      })
    }
    assert.equal(existsSync(out), false)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    )
  })
})
