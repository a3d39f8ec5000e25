import { readFileSync } from 'node:fs'
import type { TaskType } from '../../../src/ports/dataset.ts'
import type { Model, Weights } from '../../../src/ports/trainer.ts'
import { checkBody } from '../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import type { Target } from '../../../src/training/learner.ts'

// Reads the fixtures that test/reference/training/make_fixtures.py makes.

interface EncodedTensor {
  readonly shape: readonly number[]
  readonly data: string
}

export interface ModelFixture {
  readonly config: Model['config']
  readonly plan: {
    readonly rate: number
    readonly headRate: number
    readonly weightDecay: number
    readonly clipNorm: number
  }
  readonly ids: readonly (readonly number[])[]
  readonly types: readonly (readonly number[])[]
  readonly lengths: readonly number[]
  /** Indices; per row 0 or 1 for each output (`multi-label`); or numbers (`regression`). */
  readonly labels: readonly (number | readonly number[])[]
  readonly targets: readonly (readonly number[])[]
  readonly weights: Readonly<Record<string, EncodedTensor>>
  /** What the head reads [rows, hidden]. */
  readonly features: EncodedTensor
  readonly logits: EncodedTensor
  readonly losses: readonly number[]
  readonly gradients: Readonly<Record<string, EncodedTensor>>
  readonly after: Readonly<Record<string, EncodedTensor>>
}

export interface TokenizerFixture {
  readonly tokenizer: Model['tokenizer']
  readonly cases: readonly {
    readonly text: string
    readonly pair: string | null
    readonly maxTokens: number
    readonly ids: readonly number[]
    readonly types: readonly number[]
  }[]
}

/** BERT with and without its pooler, and the other families. */
export const CLASSIFIERS = [
  'pooler',
  'no-pooler',
  'roberta',
  'xlm-roberta',
  'distilbert',
  'electra',
  'distilbert-sines',
] as const

export interface TokenizersFixture {
  readonly kinds: readonly {
    readonly name: string
    readonly tokenizer: Model['tokenizer']
    readonly cases: readonly (readonly [
      text: string,
      pair: string | null,
      maxTokens: number,
      ids: readonly number[],
      types: readonly number[] | null,
    ])[]
  }[]
}

/** What Python's `tokenizers` makes of a hundred texts, for each kind of tokenizer. */
export function readTokenizersFixture(): TokenizersFixture {
  return JSON.parse(readFileSync(fixturePath('tokenizers'), 'utf8'))
}

export type FixtureName = (typeof CLASSIFIERS)[number] | 'masked-language' | 'multi-label' | 'regression'

export function readModelFixture(name: FixtureName): ModelFixture {
  return JSON.parse(readFileSync(fixturePath(name), 'utf8'))
}

export function readTokenizerFixture(): TokenizerFixture {
  return JSON.parse(readFileSync(fixturePath('tokenizer'), 'utf8'))
}

export function decodeTensor({ data }: EncodedTensor): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer)
}

export function decodeWeights(tensors: Readonly<Record<string, EncodedTensor>>): Weights[] {
  return Object.entries(tensors).map(([name, tensor]) => ({ name, shape: tensor.shape, data: decodeTensor(tensor) }))
}

/** Euclidean norm of a - b over that of b. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, index) => value - (b[index] ?? Number.NaN))) / norm(b)
}

export function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? Number.NaN))))
}

function fixturePath(name: string): URL {
  return new URL(`../../fixtures/training/${name}.json`, import.meta.url)
}

/** A fixture as engines take it: body and head apart, rows without padding. */
export function openFixture(fixture: ModelFixture, task?: TaskType) {
  const weights = decodeWeights(fixture.weights)
  const body = weights.filter(({ name }) => !name.startsWith('classifier.'))
  const head = weights.filter(({ name }) => name.startsWith('classifier.'))
  const config = readEncoderConfig(fixture.config)
  const shape = { config, body: checkBody(config, body), classes: task === 'regression' ? 1 : 3 }
  const rows = fixture.lengths.map((length, row) => ({
    ids: fixture.ids[row]?.slice(0, length) ?? [],
    types: fixture.types[row]?.slice(0, length) ?? [],
    label: targetOf(fixture.labels?.[row] ?? 0),
    ...(task && { task }),
  }))
  return { weights, body, head, config, shape, rows }
}

function targetOf(label: number | readonly number[]): Target {
  return typeof label === 'number' ? label : label.flatMap((has, index) => (has === 1 ? [index] : []))
}
