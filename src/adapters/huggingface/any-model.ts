import { join } from 'node:path'
import type { FloatDtype } from '../../floats/dtypes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { canonicalFile } from './canonical-file.ts'
import { readExactly } from './exact-json.ts'
import type { OpenedModel } from './open-model.ts'
import { sameFileOf } from './own-file.ts'
import { parseJson, readSmall } from './read-file.ts'
import { encodeJson, type NamedFile } from './tokenizer-files.ts'
import { openWeights } from './weights-files.ts'

const OPTIONAL_FILES = ['vocab.txt', 'special_tokens_map.json'] as const

/**
 * Opens a model of an architecture that no engine knows: every tensor is part of the base, under its own name, and config.json and the tokenizer
 * stay what they are. Only the command trainer can train it.
 *
 * @throws ColdmeshError `bad-input` (something is not there), `bad-model`, `bad-checkpoint`, `unsupported` (a dtype)
 */
export async function openAnyModel(
  directory: string,
  config: Readonly<Record<string, unknown>>,
  options: { readonly dtype: FloatDtype | null },
): Promise<OpenedModel> {
  const tokenizer = await readFiles(directory)
  const files = await openWeights(directory)
  try {
    const tensors = files.tensors.map((source) => ({ name: source.name, source }))
    const file = canonicalFile(tensors, options.dtype)
    return {
      ...file,
      file: await sameFileOf(files, file.layout),
      shared: [
        { name: 'config.json', bytes: (await readExactly(directory, 'config.json')) ?? encodeJson(config) },
        ...tokenizer,
      ],
      dropped: [],
      head: async () => null,
      prefix: '',
      pooler: false,
      made: [],
      architecture: String(config['model_type'] ?? 'unknown'),
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    }
  } catch (error) {
    await files[Symbol.asyncDispose]()
    throw error
  }
}

async function readFiles(directory: string): Promise<NamedFile[]> {
  const tokenizer = await readSmall(directory, 'tokenizer.json')
  if (tokenizer === null) {
    throw new ColdmeshError('bad-input', `${directory} has no tokenizer.json.`, {
      hint: 'save the tokenizer with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)',
    })
  }
  parseJson(tokenizer, join(directory, 'tokenizer.json'))
  const files: NamedFile[] = [
    { name: 'tokenizer.json', bytes: tokenizer },
    { name: 'tokenizer_config.json', bytes: (await readExactly(directory, 'tokenizer_config.json')) ?? encodeJson({}) },
  ]
  for (const name of OPTIONAL_FILES) {
    const bytes = await readSmall(directory, name)
    if (bytes !== null) files.push({ name, bytes })
  }
  return files
}
