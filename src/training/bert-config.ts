import { ColdmeshError } from '../ports/errors.ts'
import type { Model, Weights } from '../ports/trainer.ts'
import { sameShape } from './shape.ts'

/** What of a `BertModel`'s config.json the engines read. */
export interface BertConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly intermediateSize: number
  readonly maxPositions: number
  readonly tokenTypes: number
  readonly layerNormEpsilon: number
  readonly hiddenDropout: number
  readonly attentionDropout: number
  readonly classifierDropout: number
  readonly padTokenId: number
}

const SUPPORTED = 'coldmesh trains encoders of the architecture `bert` (BertModel) with GELU and absolute positions.'

/** @throws ColdmeshError `unsupported` for another architecture, `bad-model` for values that are missing or contradict each other */
export function readBertConfig(config: Model['config']): BertConfig {
  const architecture = String(config['model_type'] ?? firstOf(config['architectures']) ?? 'unknown')
  if (!/^(bert|bert[a-z]*model|bertfor[a-z]+)$/i.test(architecture)) {
    throw unsupported(`The model's architecture is \`${architecture}\``, { architecture })
  }
  requireSetting(config, 'hidden_act', 'gelu')
  requireSetting(config, 'position_embedding_type', 'absolute')
  requireSetting(config, 'is_decoder', false)
  requireSetting(config, 'add_cross_attention', false)
  const hiddenDropout = readNumber(config, 'hidden_dropout_prob', 0.1)
  const parsed: BertConfig = {
    vocabSize: readCount(config, 'vocab_size'),
    hiddenSize: readCount(config, 'hidden_size'),
    layers: readCount(config, 'num_hidden_layers'),
    heads: readCount(config, 'num_attention_heads'),
    intermediateSize: readCount(config, 'intermediate_size'),
    maxPositions: readCount(config, 'max_position_embeddings'),
    tokenTypes: readCount(config, 'type_vocab_size', 2),
    layerNormEpsilon: readNumber(config, 'layer_norm_eps', 1e-12),
    hiddenDropout,
    attentionDropout: readNumber(config, 'attention_probs_dropout_prob', 0.1),
    classifierDropout: readNumber(config, 'classifier_dropout', hiddenDropout),
    padTokenId: readNumber(config, 'pad_token_id', 0),
  }
  if (parsed.hiddenSize % parsed.heads !== 0) {
    throw new ColdmeshError(
      'bad-model',
      `config.json: hidden_size ${parsed.hiddenSize} isn't a multiple of num_attention_heads ${parsed.heads}`,
    )
  }
  if (parsed.hiddenSize % 4 !== 0) {
    throw unsupported(`config.json has hidden_size ${parsed.hiddenSize}`, {}, 'hidden_size must be a multiple of 4.')
  }
  return parsed
}

/** The config with all dropout set to `dropout`; null leaves it. */
export function withDropout(config: BertConfig, dropout: number | null): BertConfig {
  if (dropout === null) return config
  return { ...config, hiddenDropout: dropout, attentionDropout: dropout, classifierDropout: dropout }
}

/** Names and shapes of a body, without a prefix, in the order of `BertModel`. */
export function bertBodyLayout(config: BertConfig, options: { pooler: boolean }): Omit<Weights, 'data'>[] {
  const { hiddenSize: hidden, intermediateSize } = config
  const norm = (name: string) => [
    { name: `${name}.weight`, shape: [hidden] },
    { name: `${name}.bias`, shape: [hidden] },
  ]
  const linear = (name: string, outputs: number, inputs: number) => [
    { name: `${name}.weight`, shape: [outputs, inputs] },
    { name: `${name}.bias`, shape: [outputs] },
  ]
  const layer = (index: number) => {
    const name = `encoder.layer.${index}`
    return [
      ...['query', 'key', 'value'].flatMap((part) => linear(`${name}.attention.self.${part}`, hidden, hidden)),
      ...linear(`${name}.attention.output.dense`, hidden, hidden),
      ...norm(`${name}.attention.output.LayerNorm`),
      ...linear(`${name}.intermediate.dense`, intermediateSize, hidden),
      ...linear(`${name}.output.dense`, hidden, intermediateSize),
      ...norm(`${name}.output.LayerNorm`),
    ]
  }
  return [
    { name: 'embeddings.word_embeddings.weight', shape: [config.vocabSize, hidden] },
    { name: 'embeddings.position_embeddings.weight', shape: [config.maxPositions, hidden] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [config.tokenTypes, hidden] },
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: config.layers }, (_, index) => layer(index)).flat(),
    ...(options.pooler ? linear('pooler.dense', hidden, hidden) : []),
  ]
}

/** Numbered places that older checkpoints carry along: not weights, and passed on as they are. */
const BUFFERS: readonly string[] = ['embeddings.position_ids', 'embeddings.token_type_ids']

/** Whether a body's tensor is a weight that training changes. */
export function isWeight(name: string): boolean {
  return !BUFFERS.includes(name.replace(/^bert\./, ''))
}

export interface BertBody {
  /** `bert.` or nothing: what the names of this body begin with. */
  readonly prefix: string
  readonly pooler: boolean
}

/** Checks that `body` is exactly the weights that `config` asks for. @throws ColdmeshError `bad-model` */
export function checkBertBody(config: BertConfig, body: readonly Weights[]): BertBody {
  const prefix = body.some(({ name }) => name.startsWith('bert.')) ? 'bert.' : ''
  const pooler = body.some(({ name }) => name === `${prefix}pooler.dense.weight`)
  const expected = new Map(bertBodyLayout(config, { pooler }).map(({ name, shape }) => [prefix + name, shape]))
  for (const { name, shape, data } of body) {
    if (!isWeight(name)) continue
    const wanted = expected.get(name)
    if (wanted === undefined) {
      throw badModel(`The model has a tensor \`${name}\` that a BertModel of this config.json lacks`, { tensor: name })
    }
    if (!sameShape(shape, wanted) || data.length !== shape.reduce((product, size) => product * size, 1)) {
      throw badModel(`Tensor \`${name}\` has shape [${shape}], config.json asks for [${wanted}]`, { tensor: name })
    }
    expected.delete(name)
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw badModel(`The model lacks the tensor \`${missing}\``, { tensor: missing })
  return { prefix, pooler }
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined
}

function requireSetting(config: Model['config'], name: string, supported: string | boolean): void {
  const value = config[name] ?? supported
  if (value !== supported) throw unsupported(`config.json has ${name} \`${value}\``, { [name]: String(value) })
}

function readNumber(config: Model['config'], name: string, fallback: number): number {
  const value = config[name] ?? fallback
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw badModel(`config.json: ${name} must be a number of at least 0, it is ${JSON.stringify(value)}`, { field: name })
}

function readCount(config: Model['config'], name: string, fallback?: number): number {
  const value = config[name] ?? fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw badModel(`config.json: ${name} must be a positive whole number, it is ${JSON.stringify(value)}`, {
    field: name,
  })
}

function badModel(message: string, facts: Record<string, string>): ColdmeshError {
  return new ColdmeshError('bad-model', message, { facts, hint: SUPPORTED })
}

function unsupported(message: string, facts: Record<string, string>, hint = SUPPORTED): ColdmeshError {
  return new ColdmeshError('unsupported', `${message}, which no engine here can train`, { facts, hint })
}
