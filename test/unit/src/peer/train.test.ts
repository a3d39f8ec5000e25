import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { decodeCheckpoint, decodeHead } from '../../../../src/checkpoint/safetensors.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { evaluate, readHead } from '../../../../src/peer/evaluate.ts'
import { readModelDirectory } from '../../../../src/peer/model.ts'
import { train } from '../../../../src/peer/train.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { Trainer } from '../../../../src/ports/trainer.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'
import { writeModelDirectory } from '../../../support/training/model-directory.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const root = temporaryDirectory()
const at = (name: string) => join(root, name)
const base = writeModelDirectory(at('base'), tinyModel())
const half = writeModelDirectory(at('half'), tinyModel(), 'BF16')
const dataset = sentenceDataset()
const plan = { steps: 8, batch: 8, maxTokens: 16, evaluateEvery: 0, learningRate: 1e-3 }

describe('train', () => {
  let trainer: Trainer
  before(async () => {
    trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  })
  after(() => trainer.stop())

  it('writes a model directory and the head, from which it goes on', async () => {
    const { out, head, validation, device } = await train({ base, dataset, plan, trainer, out: at('first') })
    assert.deepEqual(readdirSync(out).sort(), [
      'config.json',
      'head.safetensors',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    assert.deepEqual(decodeHead(readFileSync(join(out, 'head.safetensors'))), head)
    assert.deepEqual([validation.before, device], [null, 'cpu'])
    assert.notDeepEqual((await readModelDirectory(out)).body[0]?.data, (await readModelDirectory(base)).body[0]?.data)
    const again = await train({ base: out, head, dataset, plan, trainer, out: at('second') })
    assert.equal(again.validation.before, validation.after)
  })

  it('keeps the dtype of the base', async () => {
    const { out } = await train({ base: half, dataset, plan, trainer, out: at('half-out') })
    const { layout } = decodeCheckpoint(readFileSync(join(out, 'model.safetensors')))
    assert.deepEqual([...new Set(layout.tensors.map(({ dtype }) => dtype))], ['BF16'])
  })

  it('overwrites nothing, and leaves nothing behind of a training that failed', async () => {
    await assert.rejects(train({ base, dataset, plan, trainer, out: base }), (error) =>
      isColdmeshError(error, 'bad-input'),
    )
    const failing = train({ base, dataset: { ...dataset, labels: [] }, plan, trainer, out: at('failed') })
    await assert.rejects(failing, (error) => isColdmeshError(error, 'bad-dataset'))
    assert.deepEqual(
      readdirSync(root).filter((name) => name.includes('failed')),
      [],
    )
  })

  it('goes on after a break, to the same weights as without', async () => {
    const stopping = new AbortController()
    const options = { base, dataset, plan, trainer, snapshotEveryMs: 1 }
    const longer = { ...plan, steps: 150, evaluateEvery: 5 }
    const broken = train({
      ...options,
      out: at('broken'),
      signal: stopping.signal,
      onProgress: () => {
        if (existsSync(at('.broken.snapshot'))) stopping.abort()
      },
      plan: longer,
    })
    await assert.rejects(broken, (error) => isColdmeshError(error, 'aborted'))
    assert.ok(existsSync(at('.broken.snapshot')))
    assert.ok(!existsSync(at('broken')))
    const resumed: number[] = []
    const same = { ...options, plan: longer }
    await train({
      ...same,
      out: at('broken'),
      onProgress: ({ isResumed, step }) => {
        if (isResumed) resumed.push(step)
      },
    })
    assert.equal(resumed.length, 1)
    await train({ ...same, out: at('whole') })
    const weights = (name: string) => readFileSync(join(at(name), 'model.safetensors'))
    assert.ok(weights('broken').equals(weights('whole')))
    assert.ok(!existsSync(at('.broken.snapshot')))
  })

  it('is scored with its head again, by evaluate', async () => {
    const head = join(at('first'), 'head.safetensors')
    const { rows, score } = await evaluate({ base: at('first'), head, examples: dataset.examples, trainer })
    assert.ok(rows === 240 && score > 0.3, String(score))
    await assert.rejects(readHead(at('no-head')), (error) => isColdmeshError(error, 'bad-input'))
    await assert.rejects(readHead(join(base, 'model.safetensors')), (error) => isColdmeshError(error, 'bad-checkpoint'))
  })
})
