import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { epochBatches, type TokenizedEntry } from '../../../examples/data/base/mlm-batches.ts'
import { CONFIG, encodeBody } from '../../../examples/data/base/model-files.ts'
import { whitening } from '../../../examples/data/base/whitening.ts'
import { decodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import { bodyLayout } from '../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import { createRandom } from '../../../src/training/random.ts'

const folder = join(import.meta.dirname, '../../../examples/data/base/model')
const MAX_BYTES = 8 * 2 ** 20

describe('shipped base', () => {
  it('is the four files of a base, at most 8 MiB together', () => {
    const files = readdirSync(folder).sort()
    assert.deepEqual(files, ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    assert.ok(files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) <= MAX_BYTES)
  })

  it('is a canonical checkpoint with the names of a BertModel in their order', () => {
    const bytes = readFileSync(join(folder, 'model.safetensors'))
    const { weights, layout } = decodeCheckpoint(bytes)
    const expected = bodyLayout(readEncoderConfig(CONFIG), { pooler: true })
    assert.deepEqual(
      weights.map(({ name, shape }) => ({ name, shape })),
      expected,
    )
    assert.equal(layout.metadata['format'], 'pt')
    assert.ok(encodeBody(weights).every((byte, index) => byte === bytes[index]))
    assert.ok(weights.every(({ data }) => data.every(Number.isFinite)))
  })

  it('has the config that its script writes', () => {
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), CONFIG)
  })
})

describe('epochBatches', () => {
  const random = createRandom(1, 'entries')
  const entry = (tokens: number, secondAt: number, topics: number[][]): TokenizedEntry => ({
    ids: [2, ...Array.from({ length: tokens - 2 }, () => 5 + random.below(95)), 3],
    secondAt,
    topics,
  })
  const entries = Array.from({ length: 600 }, (_, at) =>
    entry(8 + (at % 8), at % 2 === 0 ? 4 : 99, at % 2 === 0 ? [] : [[7]]),
  )
  const options = {
    seed: 1,
    tokens: 256,
    lengths: [12, 16],
    vocabulary: 100,
    special: { pad: 0, cls: 2, sep: 3, mask: 4 },
    proseShare: 1,
  }

  it('pads rows to the shortest length that holds them', () => {
    for (const { batch, length, ids, lengths } of epochBatches(entries, 0, options)) {
      assert.equal(batch, Math.floor(256 / length))
      for (let row = 0; row < batch; row++) {
        const tokens = lengths[row] ?? 0
        assert.ok(tokens <= length && (length === 12 || tokens > 12))
        assert.ok(ids.subarray(row * length + tokens, (row + 1) * length).every((id) => id === 0))
      }
    }
  })

  it('asks for what was there, and hides about 80% of it', () => {
    let asked = 0
    let hidden = 0
    let tokens = 0
    for (const batch of epochBatches(entries, 0, options)) {
      tokens += batch.lengths.reduce((sum, count) => sum + count, 0)
      for (const [slot, position] of batch.positions.entries()) {
        if (batch.ids[position] === 2)
          assert.equal(batch.labels[slot], 7) // a topic, asked of [CLS]
        else {
          asked++
          hidden += Number(batch.ids[position] === 4)
        }
      }
    }
    assert.ok(Math.abs(hidden / asked - 0.8) < 0.05, `${hidden / asked}`)
    assert.ok(asked / tokens > 0.1 && asked / tokens < 0.25, `${asked / tokens}`)
  })

  it('repeats itself for a seed and epoch, and differs for another', () => {
    const first = (epoch: number) => [...epochBatches(entries, epoch, options)].map(({ ids }) => ids.join()).join('\n')
    assert.equal(first(0), first(0))
    assert.notEqual(first(0), first(1))
  })
})

describe('whitening', () => {
  it('gives vectors mean 0 and covariance scale² I', () => {
    const random = createRandom(2, 'vectors')
    const vectors = Array.from({ length: 4000 }, () => {
      const [a, b, c] = [random.normal(), random.normal(), random.normal()]
      return Float32Array.of(3 + a, 2 * a + 0.5 * b, c - b)
    })
    const { weight, bias } = whitening(vectors, { scale: 0.5, floor: 0 })
    const mapped = vectors.map((v) =>
      [0, 1, 2].map((i) => [0, 1, 2].reduce((sum, j) => sum + (weight[i * 3 + j] ?? 0) * (v[j] ?? 0), bias[i] ?? 0)),
    )
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const covariance = mapped.reduce((sum, y) => sum + (y[i] ?? 0) * (y[j] ?? 0), 0) / mapped.length
        assert.ok(Math.abs(covariance - (i === j ? 0.25 : 0)) < 1e-3, `${i} ${j} ${covariance}`)
      }
    }
  })
})
