import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openModel } from '../../../../../src/adapters/huggingface/open-model.ts'
import { type ErrorCode, isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { looseFile, type RawTensor, randomBody, rawFloats, writeModel } from '../../../../support/import/write-model.ts'

const root = temporaryDirectory()
let count = 0
const body = randomBody().map((tensor) => rawFloats(tensor))
const LAST = 'pooler.dense.bias'

async function fails(directory: string, code: ErrorCode, message: RegExp, hint: RegExp): Promise<void> {
  await assert.rejects(
    async () => {
      await using model = await openModel(directory, { dtype: null })
      for await (const _ of model.weights());
    },
    (error) => {
      assert.ok(isColdmeshError(error, code), String(error))
      assert.match(error.message, message)
      assert.match(error.hint ?? '', hint)
      return true
    },
  )
}

async function withWeights(weights: Uint8Array): Promise<string> {
  return writeModel(join(root, String(count++)), { 'model.safetensors': weights })
}

const DOWNLOAD = /download|save the model/

/** The body with a header that says something else. */
function withHeader(
  change: (header: Record<string, { dtype: string; shape: unknown; data_offsets: unknown }>) => void,
): Buffer {
  const file = looseFile(body)
  const length = Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, 8 + length))
  change(header)
  const json = Buffer.from(JSON.stringify(header))
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([start, json, file.subarray(8 + length)])
}

describe('a wrong model directory', () => {
  it('is named, with the next step: not there, a file, no config, no tokenizer, no weights', async () => {
    await fails(join(root, 'nowhere'), 'bad-input', /is not there/, /name the directory/)
    await writeFile(join(root, 'file'), '')
    await fails(join(root, 'file'), 'bad-input', /is not a directory/, /name the directory/)
    const none = await writeModel(join(root, 'empty'), {})
    await fails(none, 'bad-input', /has neither model.safetensors nor pytorch_model.bin/, /name the directory/)
    await rm(join(none, 'vocab.txt'))
    await fails(none, 'bad-input', /neither tokenizer.json nor vocab.txt/, /tokenizer files/)
    await rm(join(none, 'config.json'))
    await fails(none, 'bad-input', /config.json is not there/, /config.json, weights, tokenizer/)
  })

  it('with a Git LFS pointer in place of weights or tokenizer says so', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 90868376\n'
    await fails(await withWeights(Buffer.from(pointer)), 'bad-input', /is a Git LFS pointer/, /git lfs pull/)
    const tokenizer = await writeModel(join(root, 'pointer'), {
      'model.safetensors': looseFile(body),
      'tokenizer.json': pointer,
    })
    await fails(tokenizer, 'bad-input', /tokenizer.json is a Git LFS pointer/, /git lfs pull/)
  })

  // fault 74
  it('with a pickle, a zip or an HDF5 file as weights is refused unread, under whatever name', async () => {
    const pickle = Buffer.concat([Buffer.from([0x80, 2, 0x63]), Buffer.from('os\nsystem\n'), Buffer.alloc(200, 0x2e)])
    for (const [bytes, message] of [
      [pickle, /a Python pickle, not a safetensors file/],
      [Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(200, 1)]), /a zip archive/],
      [Buffer.concat([Buffer.from([0x89]), Buffer.from('HDF\r\n\x1a\n'), Buffer.alloc(200, 1)]), /an HDF5 file/],
    ] as const) {
      await fails(await withWeights(bytes), 'bad-checkpoint', message, /safe_serialization=True/)
    }
    const bin = await writeModel(join(root, 'bin'), { 'pytorch_model.bin': pickle })
    await fails(bin, 'unsupported', /pytorch_model.bin is not a zip archive/, /safe_serialization=True/)
  })

  // fault 67
  it('with a header length of 0, 2^63, 100 MB, or beyond the file is refused before anything is allocated', async () => {
    for (const length of [0n, 2n ** 63n, 2n ** 64n - 1n, 100_000_001n, 57n]) {
      const file = Buffer.alloc(64, 0x20)
      file.writeBigUInt64LE(length)
      await fails(await withWeights(file), 'bad-checkpoint', /states a header of/, DOWNLOAD)
    }
    await fails(await withWeights(Buffer.alloc(7)), 'bad-checkpoint', /too short/, DOWNLOAD)
  })

  // fault 68
  it('with an overlap, a hole, trailing or missing bytes, float or negative offsets is refused', async () => {
    const shifted = (by: number) =>
      withHeader((header) => {
        const [begin = 0, end = 0] = offsetsOf(header[LAST]?.data_offsets)
        if (header[LAST]) header[LAST].data_offsets = [begin + by, end + by]
      })
    for (const file of [shifted(4), shifted(-4)])
      await fails(
        await withWeights(file),
        'bad-checkpoint',
        /hole or an overlap at byte \d+, before tensor "pooler.dense.bias"/,
        DOWNLOAD,
      )
    const whole = looseFile(body)
    await fails(await withWeights(Buffer.concat([whole, Buffer.alloc(1)])), 'bad-checkpoint', /it is padded/, DOWNLOAD)
    await fails(
      await withWeights(whole.subarray(0, -1)),
      'bad-checkpoint',
      /cut off in tensor "pooler.dense.bias"/,
      DOWNLOAD,
    )
    for (const offsets of [[0.5, 4.5], [-4, 0], [0], [0, 4, 8], 'x', [0, 2 ** 53]]) {
      const file = withHeader((header) => {
        if (header[LAST]) header[LAST].data_offsets = offsets
      })
      await fails(await withWeights(file), 'bad-checkpoint', /two data_offsets of whole numbers/, DOWNLOAD)
    }
  })

  // fault 71
  it('with a shape of [2^64-1, 0], of 10,001 dimensions, or whose product overflows is refused', async () => {
    for (const [shape, message] of [
      [[2 ** 64, 0], /whole numbers/],
      [Array.from({ length: 10_001 }, () => 1), /10001 dimensions/],
      [[2 ** 27, 2 ** 27], /overflows/],
      [[9], /need 36/],
    ] as const) {
      const file = withHeader((header) => {
        if (header[LAST]) header[LAST].shape = shape
      })
      await fails(await withWeights(file), 'bad-checkpoint', message, DOWNLOAD)
    }
  })

  // fault 72
  it('with NaN or infinity in weights of any float type is refused, naming tensor and element', async () => {
    const long = randomBody()
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      const tensors = long.map((tensor) => rawFloats(tensor, dtype))
      for (const [place, element] of [
        ['first', 0],
        ['last', 95],
      ] as const) {
        const spoiled = tensors.map((tensor) =>
          tensor.name === 'encoder.layer.0.output.dense.weight' ? spoil(tensor, place) : tensor,
        )
        const message = new RegExp(
          `"encoder.layer.0.output.dense.weight" has (NaN|-?Infinity) at element ${element}\\.`,
        )
        await fails(await withWeights(looseFile(spoiled)), 'bad-checkpoint', message, /intact weights/)
      }
    }
  })

  // fault 73
  it('with weights in a type that is not trained is refused, naming it', async () => {
    for (const [dtype, bytes] of [
      ['F8_E4M3', 8],
      ['I4', 4],
      ['I8', 8],
      ['C64', 64],
      ['U64', 64],
    ] as const) {
      const tensors = body.map((tensor) =>
        tensor.name === LAST ? { ...tensor, dtype, bytes: new Uint8Array(bytes) } : tensor,
      )
      await fails(
        await withWeights(looseFile(tensors)),
        'unsupported',
        new RegExp(`"${LAST}" of .* is ${dtype};`),
        /save the model/,
      )
    }
  })

  it('with a config or a header that is not JSON is refused', async () => {
    const directory = await writeModel(join(root, 'json'), { 'model.safetensors': looseFile(body), 'config.json': '{' })
    await fails(directory, 'bad-model', /config.json is not JSON/, /download/)
    const file = looseFile(body)
    file.write('[', 8)
    await fails(await withWeights(file), 'bad-checkpoint', /header that is not JSON/, DOWNLOAD)
  })
})

function offsetsOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value : []
}

/** Sets the first or last element to a signalling NaN or to minus infinity. */
function spoil(tensor: RawTensor, place: 'first' | 'last'): RawTensor {
  const bytes = Buffer.from(tensor.bytes)
  const size = tensor.dtype === 'F32' ? 4 : 2
  const at = place === 'first' ? 0 : bytes.length - size
  const infinity = { F32: 0x7f800000, BF16: 0x7f80, F16: 0x7c00 }[tensor.dtype] ?? 0
  bytes.writeUIntLE(place === 'first' ? infinity + 1 : infinity + 2 ** (8 * size - 1), at, size)
  return { ...tensor, bytes }
}
