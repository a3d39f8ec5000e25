import { ColdmeshError } from '../../ports/errors.ts'
import type { Weights } from '../../ports/trainer.ts'
import { elementCount, sameShape } from '../shape.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { FAMILIES } from './families.ts'

export interface EncoderBody {
  /** The family's prefix or nothing: what the names of this body begin with. */
  readonly prefix: string
  readonly pooler: boolean
}

/** Every body has it. */
export const WORD_TABLE = 'embeddings.word_embeddings.weight'
export const POSITION_TABLE = 'embeddings.position_embeddings.weight'

/** The name in `body` of what `BertModel` calls `name`. */
export function tensorName(
  { config, body }: { readonly config: EncoderConfig; readonly body: EncoderBody },
  name: string,
): string {
  return body.prefix + FAMILIES[config.family].tensorName(name)
}

/** Names and shapes of a body, its family's names without a prefix, in the order of `BertModel`. */
export function bodyLayout(config: EncoderConfig, options: { pooler: boolean }): Omit<Weights, 'data'>[] {
  const { hiddenSize: hidden, embeddingSize, intermediateSize, tokenTypes } = config
  const norm = (name: string, size: number) => [
    { name: `${name}.weight`, shape: [size] },
    { name: `${name}.bias`, shape: [size] },
  ]
  const linear = (name: string, outputs: number, inputs: number) => [
    { name: `${name}.weight`, shape: [outputs, inputs] },
    { name: `${name}.bias`, shape: [outputs] },
  ]
  const table = (name: string, rows: number) => ({ name: `embeddings.${name}.weight`, shape: [rows, embeddingSize] })
  const layer = (index: number) => {
    const name = `encoder.layer.${index}`
    return [
      ...['query', 'key', 'value'].flatMap((part) => linear(`${name}.attention.self.${part}`, hidden, hidden)),
      ...linear(`${name}.attention.output.dense`, hidden, hidden),
      ...norm(`${name}.attention.output.LayerNorm`, hidden),
      ...linear(`${name}.intermediate.dense`, intermediateSize, hidden),
      ...linear(`${name}.output.dense`, hidden, intermediateSize),
      ...norm(`${name}.output.LayerNorm`, hidden),
    ]
  }
  const layout = [
    table('word_embeddings', config.vocabSize),
    table('position_embeddings', config.firstPosition + config.maxPositions),
    ...(tokenTypes > 0 ? [table('token_type_embeddings', tokenTypes)] : []),
    ...norm('embeddings.LayerNorm', embeddingSize),
    ...(embeddingSize === hidden ? [] : linear('embeddings_project', hidden, embeddingSize)),
    ...Array.from({ length: config.layers }, (_, index) => layer(index)).flat(),
    ...(options.pooler ? linear('pooler.dense', hidden, hidden) : []),
  ]
  const family = FAMILIES[config.family]
  return layout.map(({ name, shape }) => ({ name: family.tensorName(name), shape }))
}

/** Numbered places that older checkpoints carry along: not weights, and passed on as they are. */
const BUFFER = /(^|\.)embeddings\.(position_ids|token_type_ids)$/

/** Whether a body's tensor is a weight that training changes. */
export function isWeight(name: string): boolean {
  return !BUFFER.test(name)
}

/** Checks that `body` is exactly the weights that `config` asks for. @throws ColdmeshError `bad-model` */
export function checkBody(config: EncoderConfig, body: readonly Weights[]): EncoderBody {
  const family = FAMILIES[config.family]
  const prefix = body.some(({ name }) => name === family.prefix + WORD_TABLE) ? family.prefix : ''
  const pooler = family.canPool && body.some(({ name }) => name === `${prefix}pooler.dense.weight`)
  const expected = new Map(bodyLayout(config, { pooler }).map(({ name, shape }) => [prefix + name, shape]))
  for (const { name, shape, data } of body) {
    if (!isWeight(name)) continue
    const wanted = expected.get(name)
    if (wanted === undefined) {
      const kind = `${family.className}Model`
      throw badBody(`The model has a tensor \`${name}\` that a ${kind} of this config.json lacks`, name)
    }
    if (!sameShape(shape, wanted) || data.length !== elementCount(shape)) {
      throw badBody(`Tensor \`${name}\` has shape [${shape}], config.json asks for [${wanted}]`, name)
    }
    expected.delete(name)
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw badBody(`The model lacks the tensor \`${missing}\``, missing)
  return { prefix, pooler }
}

function badBody(message: string, tensor: string): ColdmeshError {
  return new ColdmeshError('bad-model', message, {
    facts: { tensor },
    hint: 'Use the config.json that belongs to the weights.',
  })
}
