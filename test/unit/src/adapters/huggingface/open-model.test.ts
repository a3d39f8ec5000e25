import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type OpenedModel, openModel } from '../../../../../src/adapters/huggingface/open-model.ts'
import { parseLayout } from '../../../../../src/checkpoint/layout.ts'
import { decodeCheckpoint, decodeHead } from '../../../../../src/checkpoint/safetensors.ts'
import type { FloatDtype } from '../../../../../src/floats/dtypes.ts'
import { type ErrorCode, isColdmeshError } from '../../../../../src/ports/errors.ts'
import type { Weights } from '../../../../../src/ports/trainer.ts'
import { checkBody } from '../../../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../../../src/training/encoders/read-config.ts'
import { createBody } from '../../../../../src/training/initial-weights.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import {
  CONFIG,
  looseFile,
  positionIds,
  randomBody,
  rawFloats,
  writeModel,
} from '../../../../support/import/write-model.ts'

const root = temporaryDirectory()
let count = 0
const place = () => join(root, String(count++))
const body = randomBody()
const prefixed = (prefix: string, weights = body): Weights[] =>
  weights.map((tensor) => ({ ...tensor, name: prefix + tensor.name }))
const classifier: readonly Weights[] = [
  { name: 'classifier.weight', shape: [2, 8], data: Float32Array.from({ length: 16 }, (_, i) => i / 7) },
  { name: 'classifier.bias', shape: [2], data: Float32Array.of(-1, 1) },
]

async function contentOf(model: OpenedModel): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of model.weights()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function imported(files: Record<string, Uint8Array | string>, dtype: FloatDtype | null = null) {
  await using model = await openModel(await writeModel(place(), files), { dtype })
  const file = await contentOf(model)
  const shared = Object.fromEntries(model.shared.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]))
  return { model, file, shared, head: await model.head() }
}

const byName = (weights: readonly Weights[]) => weights.toSorted((a, b) => (a.name < b.name ? -1 : 1))

async function refuses(
  files: Record<string, Uint8Array | string>,
  {
    code,
    message,
    config = CONFIG,
    dtype = null,
  }: { code: ErrorCode; message: RegExp; config?: Record<string, unknown>; dtype?: FloatDtype | null },
): Promise<void> {
  const directory = await writeModel(place(), files, config)
  await assert.rejects(
    async () => {
      await using model = await openModel(directory, { dtype })
      await contentOf(model)
      await model.head()
    },
    (error) => {
      assert.ok(isColdmeshError(error, code), String(error))
      assert.match(error.message, message)
      assert.ok(error.hint !== undefined && error.hint.length > 10)
      return true
    },
  )
}

const { architectures: _, ...BERT_SIZES } = CONFIG
const FAMILY_MODELS = {
  roberta: {
    config: { ...BERT_SIZES, model_type: 'roberta', type_vocab_size: 1, pad_token_id: 0 },
    prefix: 'roberta.',
    modelClass: 'RobertaModel',
    dropped: ['classifier.dense.weight', 'classifier.out_proj.weight', 'lm_head.dense.weight'],
  },
  'xlm-roberta': {
    config: { ...BERT_SIZES, model_type: 'xlm-roberta', type_vocab_size: 1, pad_token_id: 0 },
    prefix: 'roberta.',
    modelClass: 'XLMRobertaModel',
    dropped: ['lm_head.bias'],
  },
  distilbert: {
    config: { model_type: 'distilbert', vocab_size: 12, dim: 8, n_layers: 1, n_heads: 2, hidden_dim: 12 },
    prefix: 'distilbert.',
    modelClass: 'DistilBertModel',
    dropped: ['pre_classifier.weight', 'vocab_transform.bias'],
  },
  electra: {
    config: { ...BERT_SIZES, model_type: 'electra', embedding_size: 4 },
    prefix: 'electra.',
    modelClass: 'ElectraModel',
    dropped: ['discriminator_predictions.dense.weight', 'generator_lm_head.bias'],
  },
}

describe('openModel', () => {
  it('makes a file canonical: widest tensors first, then by name, aligned; and leaves a canonical one as it is', async () => {
    const first = await imported({ 'model.safetensors': looseFile([...body.map((t) => rawFloats(t)), positionIds()]) })
    const layout = parseLayout(first.file, first.file.length)
    assert.deepEqual(layout.metadata, { format: 'pt' })
    assert.deepEqual(
      layout.tensors.map(({ name }) => name),
      ['embeddings.position_ids', ...byName(body).map(({ name }) => name)],
    )
    assert.deepEqual(decodeCheckpoint(first.file).weights, byName(body))
    assert.deepEqual((await imported({ 'model.safetensors': first.file })).file, first.file)
  })

  it('strips any prefix, renames gamma and beta, drops heads and keeps the pooler', async () => {
    const old = body.map((tensor) => ({
      ...tensor,
      name: tensor.name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    }))
    const cls = { name: 'cls.predictions.bias', shape: [12], data: new Float32Array(12) }
    for (const prefix of ['bert.', 'module.bert.', '0.auto_model.']) {
      const tensors = [...prefixed(prefix, old), cls, ...classifier].map((tensor) => rawFloats(tensor))
      const { model, file } = await imported({ 'model.safetensors': looseFile(tensors) })
      assert.deepEqual(decodeCheckpoint(file).weights, byName(body))
      assert.equal(model.prefix, prefix)
      assert.ok(model.pooler)
      assert.deepEqual(
        model.dropped.map(({ name }) => name),
        ['cls.predictions.bias', 'classifier.weight', 'classifier.bias'],
      )
    }
  })

  it('invents no pooler', async () => {
    const bare = randomBody(1, { pooler: false })
    const { model, file } = await imported({ 'model.safetensors': looseFile(bare.map((tensor) => rawFloats(tensor))) })
    assert.ok(!model.pooler)
    assert.deepEqual(decodeCheckpoint(file).weights, byName(bare))
  })

  it('reads shards by their index', async () => {
    const tensors = prefixed('bert.').map((tensor) => rawFloats(tensor))
    const half = Math.floor(tensors.length / 2)
    const shards = {
      'model-00001-of-00002.safetensors': tensors.slice(0, half),
      'model-00002-of-00002.safetensors': tensors.slice(half),
    }
    const map = Object.entries(shards).flatMap(([file, list]) => list.map(({ name }) => [name, file]))
    const files = Object.fromEntries(Object.entries(shards).map(([name, list]) => [name, looseFile(list)]))
    const index = JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(map) })
    const { file } = await imported({ ...files, 'model.safetensors.index.json': index })
    assert.deepEqual(decodeCheckpoint(file).weights, byName(body))
    const [first = ''] = Object.keys(shards)
    await refuses(
      { ...files, 'model.safetensors.index.json': index, [first]: looseFile(tensors.slice(1, half)) },
      { code: 'bad-checkpoint', message: /lacks tensor "bert.embeddings.word_embeddings.weight"/ },
    )
  })

  // fault 70
  it('never makes a path of a name: neither of a shard nor of a tensor', async () => {
    for (const file of ['../../x.safetensors', '/etc/passwd', 'a/b.safetensors', '..', '', 7]) {
      const index = JSON.stringify({ weight_map: { 'embeddings.word_embeddings.weight': file } })
      await refuses(
        { 'model.safetensors.index.json': index },
        { code: 'bad-checkpoint', message: /no name of a safetensors file/ },
      )
    }
    const hostile = { name: '../../x', shape: [1], data: new Float32Array(1) }
    const tensors = [...body, hostile].map((tensor) => rawFloats(tensor))
    const directory = await writeModel(place(), { 'model.safetensors': looseFile(tensors) })
    await using model = await openModel(directory, { dtype: null })
    assert.deepEqual(
      model.dropped.map(({ name }) => name),
      ['../../x'],
    )
    await assert.rejects(model.head(), (error) => isColdmeshError(error, 'bad-checkpoint'))
  })

  // fault 73
  it('keeps each float type, mixed ones too, and converts all of them when asked, rounding once', async () => {
    const mixed = body.map((tensor, i) => rawFloats(tensor, (['F32', 'BF16', 'F16'] as const)[i % 3]))
    const kept = await imported({ 'model.safetensors': looseFile(mixed) })
    const dtypes = new Map(parseLayout(kept.file, kept.file.length).tensors.map(({ name, dtype }) => [name, dtype]))
    for (const { name, dtype } of mixed) assert.equal(dtypes.get(name), dtype)
    assert.equal(JSON.parse(kept.shared['config.json'] ?? '')['torch_dtype'], 'float32')
    for (const [dtype, torch] of [
      ['F32', 'float32'],
      ['BF16', 'bfloat16'],
      ['F16', 'float16'],
    ] as const) {
      const { file, shared } = await imported({ 'model.safetensors': looseFile(mixed) }, dtype)
      const again = await imported({
        'model.safetensors': looseFile(decodeCheckpoint(kept.file).weights.map((t) => rawFloats(t, dtype))),
      })
      assert.deepEqual(file, again.file)
      assert.equal(JSON.parse(shared['config.json'] ?? '')['torch_dtype'], torch)
    }
  })

  it('rounds doubles straight to the wanted type', async () => {
    const [first, ...others] = body
    assert.ok(first)
    const doubles = Float64Array.from(first.data).with(0, 1 + 2 ** -8 + 2 ** -40)
    const tensors = [
      { ...rawFloats(first), dtype: 'F64', bytes: new Uint8Array(doubles.buffer) },
      ...others.map((tensor) => rawFloats(tensor, 'F64')),
    ]
    const { file } = await imported({ 'model.safetensors': looseFile(tensors) }, 'BF16')
    const found = decodeCheckpoint(file).weights.find(({ name }) => name === first.name)
    assert.equal(found?.data[0], 1 + 2 ** -7)
    await refuses(
      { 'model.safetensors': looseFile(tensors) },
      { code: 'unsupported', message: /is F64; coldmesh imports/ },
    )
  })

  it('keeps a classifier as a head that coldmesh reads, and another head as it is', async () => {
    const tensors = [...prefixed('bert.'), ...classifier].map((tensor) => rawFloats(tensor, 'F16'))
    const { head } = await imported({ 'model.safetensors': looseFile(tensors) })
    const { labels, weights } = decodeHead(head ?? new Uint8Array())
    assert.deepEqual(labels, ['bad', 'good'])
    assert.deepEqual(weights.find(({ name }) => name === 'classifier.bias')?.data, Float32Array.of(-1, 1))
    const other = { name: 'qa_outputs.weight', shape: [2, 8], data: new Float32Array(16).fill(0.5) }
    const kept = await imported({ 'model.safetensors': looseFile([...body, other].map((tensor) => rawFloats(tensor))) })
    assert.deepEqual(decodeCheckpoint(kept.head ?? new Uint8Array()).weights, [other])
    const none = await imported({ 'model.safetensors': looseFile(body.map((tensor) => rawFloats(tensor))) })
    assert.equal(none.head, null)
  })

  it('writes what is missing of the tokenizer, and leaves heads and machines out of the config', async () => {
    const weights = { 'model.safetensors': looseFile(body.map((tensor) => rawFloats(tensor))) }
    const { model, shared } = await imported(weights)
    assert.deepEqual(model.made, ['tokenizer.json', 'tokenizer_config.json'])
    const config = JSON.parse(shared['config.json'] ?? '')
    assert.deepEqual(config.architectures, ['BertModel'])
    for (const name of ['id2label', 'label2id', '_name_or_path']) assert.equal(config[name], undefined)
    assert.deepEqual(Object.keys(shared).sort(), [
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ])
    const given = await imported({ ...weights, 'tokenizer.json': shared['tokenizer.json'] ?? '' })
    assert.deepEqual(given.model.made, ['tokenizer_config.json'])
    assert.equal(given.shared['tokenizer.json'], shared['tokenizer.json'])
  })

  it('says what of a model no engine trains', async () => {
    const weights = { 'model.safetensors': looseFile(body.map((tensor) => rawFloats(tensor))) }
    for (const [change, message] of [
      [{ model_type: 't5' }, /`t5`/],
      [{ hidden_act: 'silu' }, /hidden_act `silu`/],
      [{ position_embedding_type: 'relative_key' }, /position_embedding_type `relative_key`/],
    ] as const) {
      await refuses(weights, { code: 'unsupported', message, config: { ...CONFIG, ...change } })
    }
    await refuses(weights, {
      code: 'bad-model',
      message: /encoder.layer.1.*config.json asks for/,
      config: { ...CONFIG, num_hidden_layers: 2 },
    })
    await refuses(weights, {
      code: 'bad-model',
      message: /has the shape \[12,8\]/,
      config: { ...CONFIG, vocab_size: 13 },
    })
    const more = [...body, { name: 'encoder.layer.1.extra', shape: [1], data: new Float32Array(1) }]
    await refuses(
      { 'model.safetensors': looseFile(more.map((tensor) => rawFloats(tensor))) },
      { code: 'bad-model', message: /"encoder.layer.1.extra" that a BertModel/ },
    )
    const two = [...body, ...prefixed('second.')].map((tensor) => rawFloats(tensor))
    await refuses({ 'model.safetensors': looseFile(two) }, { code: 'bad-model', message: /2 encoders/ })
    const tokenizer = JSON.stringify({ model: { vocab: { a: 12 } } })
    await refuses(
      { ...weights, 'tokenizer.json': tokenizer },
      { code: 'bad-model', message: /"a" the id 12; config.json has a vocab_size of 12/ },
    )
  })

  for (const [family, { config, prefix, modelClass, dropped }] of Object.entries(FAMILY_MODELS)) {
    it(`finds the encoder of the family ${family}, with or without its prefix, and keeps its names`, async () => {
      const weights = createBody(config, { seed: 2, pooler: family.includes('roberta') })
      for (const before of [prefix, '', `module.${prefix}`]) {
        const tensors = [
          ...prefixed(before, weights),
          ...dropped.map((name) => ({ name, shape: [1], data: Float32Array.of(1) })),
        ]
        const files = { 'model.safetensors': looseFile(tensors.map((tensor) => rawFloats(tensor, 'BF16'))) }
        await using model = await openModel(await writeModel(place(), files, config), { dtype: 'F32' })
        const found = decodeCheckpoint(await contentOf(model)).weights
        assert.deepEqual(
          found.map(({ name }) => name),
          byName(weights).map(({ name }) => name),
        )
        assert.equal(model.prefix, before)
        assert.deepEqual(
          model.dropped.map(({ name }) => name),
          dropped,
        )
        const written = JSON.parse(Buffer.from(model.shared[0]?.bytes ?? []).toString())
        assert.deepEqual([written.model_type, written.architectures], [family, [modelClass]])
        checkBody(readEncoderConfig(written), found)
      }
    })
  }

  it('makes the tokenizer of a vocab.json and a merges.txt, and says how to make that of a sentencepiece.bpe.model', async () => {
    const config = { ...FAMILY_MODELS.roberta.config, pad_token_id: 1 }
    const weights = {
      'model.safetensors': looseFile(createBody(config, { seed: 2, pooler: false }).map((t) => rawFloats(t))),
    }
    const directory = await writeModel(place(), weights, config)
    await rm(join(directory, 'vocab.txt'))
    const refused = async (code: ErrorCode, message: RegExp, hint: RegExp) =>
      assert.rejects(openModel(directory, { dtype: null }), (error) => {
        assert.ok(isColdmeshError(error, code), String(error))
        assert.match(error.message, message)
        assert.match(error.hint ?? '', hint)
        return true
      })
    await refused('bad-input', /has no tokenizer/, /copy/)
    await writeFile(join(directory, 'sentencepiece.bpe.model'), '')
    await refused('bad-input', /sentencepiece.bpe.model, but no tokenizer.json/, /AutoTokenizer/)
    const tokens = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', 'a', 'b', 'ab']
    await writeFile(
      join(directory, 'vocab.json'),
      JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))),
    )
    await writeFile(join(directory, 'merges.txt'), '#version: 0.2\na b\n')
    await using model = await openModel(directory, { dtype: null })
    assert.deepEqual(model.made, ['tokenizer.json', 'tokenizer_config.json'])
    await writeFile(join(directory, 'merges.txt'), 'a b\nb b\n')
    await refused('bad-model', /no "bb"/, /belong/)
    await writeFile(join(directory, 'merges.txt'), 'a b\nb\n')
    await refused('bad-model', /Line 2 of merges.txt/, /belong/)
    await writeFile(join(directory, 'merges.txt'), '')
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...config, pad_token_id: 3 }))
    await refused('bad-model', /gives "<pad>" the id 1; config.json has a pad_token_id of 3/, /belong/)
  })
})
