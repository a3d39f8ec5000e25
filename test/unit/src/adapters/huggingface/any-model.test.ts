import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openModel } from '../../../../../src/adapters/huggingface/open-model.ts'
import { decodeCheckpoint } from '../../../../../src/checkpoint/safetensors.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { looseFile, rawFloats, writeModel } from '../../../../support/import/write-model.ts'

const root = temporaryDirectory()
const tensors = [
  { name: 'shared.weight', shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'decoder.final_layer_norm.weight', shape: [2], data: Float32Array.of(7, 8) },
]
const CONFIG = {
  _name_or_path: 'somebody/t5',
  model_type: 't5',
  architectures: ['T5ForConditionalGeneration'],
  d_model: 2,
}

async function modelOf(name: string): Promise<string> {
  const directory = await writeModel(join(root, name), {
    'model.safetensors': looseFile(tensors.map((tensor) => rawFloats(tensor))),
  })
  await writeFile(join(directory, 'config.json'), JSON.stringify(CONFIG))
  await writeFile(join(directory, 'tokenizer.json'), '{"model":{"type":"Unigram","vocab":[["a",-1]]}}')
  return directory
}

describe('a model of an architecture that no engine knows', () => {
  it('is refused by name, with a way out', async () => {
    await assert.rejects(openModel(await modelOf('refused'), { dtype: null }), (error) => {
      assert.ok(isColdmeshError(error, 'unsupported'), String(error))
      assert.match(error.message, /`t5`/)
      assert.match(error.hint ?? '', /--any-architecture .* command trainer/)
      return true
    })
  })

  it('is a base of all its tensors when the user says so', async () => {
    await using model = await openModel(await modelOf('taken'), { dtype: null, anyArchitecture: true })
    assert.deepEqual([model.architecture, model.dropped, model.prefix, model.made], ['t5', [], '', []])
    const names = model.shared.map(({ name }) => name)
    assert.deepEqual(names, ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'])
    const config = JSON.parse(new TextDecoder().decode(model.shared[0]?.bytes))
    const { _name_or_path: _, ...rest } = CONFIG
    assert.deepEqual(config, rest)
    const file = Buffer.concat(await Array.fromAsync(model.weights()))
    const byName = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))
    assert.deepEqual(decodeCheckpoint(file).weights, byName)
  })

  it('keeps numbers as they stood: Python tells 1.0 from 1', async () => {
    const directory = await modelOf('numbers')
    const config =
      '{"model_type":"t5","_name_or_path":"x","initializer_factor":1.0,"layer_norm_epsilon":1e-06,"d_model":2}'
    await writeFile(join(directory, 'config.json'), config)
    await using model = await openModel(directory, { dtype: null, anyArchitecture: true })
    assert.equal(
      new TextDecoder().decode(model.shared[0]?.bytes).replaceAll(/\s/g, ''),
      '{"model_type":"t5","initializer_factor":1.0,"layer_norm_epsilon":1e-06,"d_model":2}',
    )
  })

  it('needs a tokenizer.json', async () => {
    const directory = await modelOf('untold')
    await rm(join(directory, 'tokenizer.json'))
    await assert.rejects(openModel(directory, { dtype: null, anyArchitecture: true }), (error) =>
      isColdmeshError(error, 'bad-input'),
    )
  })
})

describe('a model that the engines know', () => {
  it('is imported as ever, whatever is said', async () => {
    const directory = await writeModel(join(root, 'known'), {
      'model.safetensors': looseFile(tensors.map((tensor) => rawFloats(tensor))),
    })
    await assert.rejects(openModel(directory, { dtype: null, anyArchitecture: true }), (error) =>
      isColdmeshError(error, 'bad-model'),
    )
  })
})
