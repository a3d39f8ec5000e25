import { ColdmeshError } from '../../ports/errors.ts'
import { bodyLayout, isWeight, WORD_TABLE } from '../../training/encoders/encoder-body.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { FAMILIES } from '../../training/encoders/families.ts'
import { sameShape } from '../../training/shape.ts'
import type { SourceTensor } from './weights-files.ts'

/** A tensor of the body under its canonical name. */
export interface BodyTensor {
  /** As the bare encoder of its family names it, without a prefix. */
  readonly name: string
  readonly source: SourceTensor
}

export interface ChosenTensors {
  readonly body: readonly BodyTensor[]
  /** Heads and whatever else is not the encoder's. */
  readonly dropped: readonly SourceTensor[]
  /** What stood before the body's names in the files, for example `bert.`. */
  readonly prefix: string
}

/** LayerNorm as TensorFlow's checkpoints name it. */
const OLD_NAMES = [
  [/\.gamma$/, '.weight'],
  [/\.beta$/, '.bias'],
] as const

/**
 * Finds the encoder among a model's tensors, whatever prefix its names have, and checks it against config.json. What is not
 * the encoder's is dropped; what looks like the encoder's and is none of this config's is an error.
 * @throws ColdmeshError `bad-model`
 */
export function chooseBody(config: EncoderConfig, tensors: readonly SourceTensor[]): ChosenTensors {
  const prefix = findPrefix(tensors)
  const parts = partsOf(config)
  const body: BodyTensor[] = []
  const dropped: SourceTensor[] = []
  const seen = new Set<string>()
  for (const source of tensors) {
    const name = canonicalName(source.name, prefix, parts)
    if (name === null) {
      dropped.push(source)
      continue
    }
    if (seen.has(name)) throw badModel(`The model has the tensor ${name} twice.`)
    seen.add(name)
    body.push({ name, source })
  }
  checkBody(config, body)
  return { body, dropped, prefix }
}

function findPrefix(tensors: readonly SourceTensor[]): string {
  const found = tensors.filter(({ name }) => name === WORD_TABLE || name.endsWith(`.${WORD_TABLE}`))
  const [anchor] = found
  if (anchor === undefined) throw badModel(`The model has no tensor ${WORD_TABLE}: it is no encoder.`)
  if (found.length > 1) {
    throw badModel(`The model has ${found.length} encoders: ${found.map(({ name }) => name).join(', ')}.`)
  }
  return anchor.name.slice(0, -WORD_TABLE.length)
}

/** What the names of this encoder's tensors begin with: `embeddings.`, ... */
function partsOf(config: EncoderConfig): readonly string[] {
  const layout = bodyLayout(config, { pooler: FAMILIES[config.family].canPool })
  return [...new Set(layout.map(({ name }) => `${name.split('.')[0]}.`))]
}

/** Null for what is no part of the encoder. */
function canonicalName(name: string, prefix: string, parts: readonly string[]): string | null {
  if (!name.startsWith(prefix)) return null
  const rest = name.slice(prefix.length)
  if (!parts.some((part) => rest.startsWith(part))) return null
  return OLD_NAMES.reduce((text, [old, now]) => (text.includes('LayerNorm') ? text.replace(old, now) : text), rest)
}

function checkBody(config: EncoderConfig, body: readonly BodyTensor[]): void {
  const pooler = body.some(({ name }) => name.startsWith('pooler.'))
  const expected = new Map(bodyLayout(config, { pooler }).map(({ name, shape }) => [name, shape]))
  for (const { name, source } of body) {
    if (!isWeight(name)) continue
    const shape = expected.get(name)
    if (shape === undefined) {
      const kind = `${FAMILIES[config.family].className}Model`
      throw badModel(`The model has a tensor ${JSON.stringify(source.name)} that a ${kind} of its config.json lacks.`)
    }
    if (!sameShape(source.shape, shape)) {
      throw badModel(`Tensor ${source.name} has the shape [${source.shape}]; config.json asks for [${shape}].`)
    }
    expected.delete(name)
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw badModel(`The model lacks the tensor ${missing}, which config.json asks for.`)
}

function badModel(message: string): ColdmeshError {
  return new ColdmeshError('bad-model', message, {
    hint: 'import an encoder whose config.json and weights belong together',
  })
}
