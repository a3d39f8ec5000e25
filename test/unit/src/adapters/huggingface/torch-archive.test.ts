import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openModel } from '../../../../../src/adapters/huggingface/open-model.ts'
import { parseLayout } from '../../../../../src/checkpoint/layout.ts'
import { decodeCheckpoint } from '../../../../../src/checkpoint/safetensors.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { writeModel } from '../../../../support/import/write-model.ts'

const fixtures = join(import.meta.dirname, '../../../../fixtures/import')
const archive = await readFile(join(fixtures, 'pytorch-model.bin'))
const about: Record<string, { shape: number[]; sum: number }> = JSON.parse(
  await readFile(join(fixtures, 'pytorch-model.json'), 'utf8'),
)
const root = temporaryDirectory()
let count = 0

async function read(bytes: Uint8Array) {
  const directory = await writeModel(join(root, String(count++)), { 'pytorch_model.bin': bytes })
  await using model = await openModel(directory, { dtype: null })
  const chunks: Uint8Array[] = []
  for await (const chunk of model.weights()) chunks.push(chunk)
  return { file: new Uint8Array(Buffer.concat(chunks)), dropped: model.dropped.map(({ name }) => name) }
}

/** The archive with one text put in the place of another of the same length. */
function changed(from: string, to: string): Buffer {
  assert.equal(from.length, to.length)
  const at = archive.indexOf(from)
  assert.ok(at >= 0, `${JSON.stringify(from)} is in the fixture`)
  const copy = Buffer.from(archive)
  copy.write(to, at, 'latin1')
  return copy
}

describe('a pytorch_model.bin', () => {
  it('is read as data: shared storages, half floats and buffers too', async () => {
    const { file, dropped } = await read(archive)
    assert.deepEqual(dropped.sort(), ['classifier.bias', 'classifier.weight', 'step'])
    const { weights } = decodeCheckpoint(file)
    assert.equal(weights.length, Object.keys(about).length - 4)
    for (const { name, shape, data } of weights) {
      const expected = about[`bert.${name}`]
      assert.deepEqual(shape, expected?.shape, name)
      // added up in another order than PyTorch's: some thousand roundings of doubles
      const sum = data.reduce((total, value) => total + value, 0)
      assert.ok(Math.abs(sum - (expected?.sum ?? Number.NaN)) < 1e-9, name)
    }
    const dtypes = new Map(parseLayout(file, file.length).tensors.map(({ name, dtype }) => [name, dtype]))
    assert.equal(dtypes.get('pooler.dense.weight'), 'BF16')
    assert.equal(dtypes.get('pooler.dense.bias'), 'F16')
    assert.equal(dtypes.get('embeddings.position_ids'), 'I64')
  })

  // fault 74
  it('that names a function of anybody is refused, and nothing of it runs', async () => {
    for (const [from, to] of [
      ['collections\nOrderedDict\n', 'posixpath11\nsystem11111\n'],
      ['torch._utils\n_rebuild_tensor_v2\n', 'builtins1111\neval11111111111111\n'],
      ['torch\nFloatStorage\n', 'posix\nsystem123456\n'],
    ] as const) {
      await assert.rejects(
        read(changed(from, to)),
        (error) => isColdmeshError(error, 'unsupported') && /The pickle names/.test(error.message),
      )
    }
  })

  it('that is cut off, damaged, or of an old PyTorch is refused', async () => {
    for (const bytes of [
      archive.subarray(0, -1),
      archive.subarray(0, archive.length / 2),
      Buffer.from('PK\x03\x04 and no more'),
    ]) {
      await assert.rejects(
        read(bytes),
        (error) => isColdmeshError(error, 'bad-checkpoint') && /damaged zip/.test(error.message),
      )
    }
    await assert.rejects(read(Buffer.from([0x80, 2, 0x8a, 10])), (error) => {
      return (
        isColdmeshError(error, 'unsupported') &&
        /not a zip archive/.test(error.message) &&
        /safe_serialization/.test(error.hint ?? '')
      )
    })
  })

  it('throws nothing but ColdmeshError on any change of a byte', async () => {
    let state = 7
    for (let run = 0; run < 150; run++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const copy = Buffer.from(archive)
      // the pickle lies in the beginning, the directory of the zip at the end
      const at = run % 2 === 0 ? state % 4000 : copy.length - 1 - (state % 3000)
      copy[at] = (copy[at] ?? 0) ^ (1 << (state >>> 29))
      await read(copy).catch((error: unknown) => assert.ok(isColdmeshError(error), `byte ${at}: ${String(error)}`))
    }
  })
})
