import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createWorkerClient } from '../../../../src/engines/worker-client.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const train = {
  kind: 'train',
  model: tinyModel(),
  head: null,
  dataset: sentenceDataset(),
  plan: completePlan({}),
} as const
const evaluate = {
  kind: 'evaluate',
  model: tinyModel(),
  head: { labels: [], weights: [] },
  examples: [],
  maxTokens: 8,
} as const

const settings = { engine: 'onnx', threads: 1, allowSoftware: false } as const

describe('createWorkerClient', () => {
  it('rejects with refused when the worker throws or exits, for every task, and goes on with the next', async () => {
    const client = createWorkerClient({ url: new URL('./dying-worker.ts', import.meta.url), settings })
    const outcomes = await Promise.allSettled([
      client.submit(train, {}),
      client.submit(evaluate, {}),
      client.submit(train, {}),
    ])
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected' && isColdmeshError(outcome.reason, 'refused'))
    }
    const [thrown] = outcomes
    assert.match(String(thrown.status === 'rejected' && thrown.reason.cause), /worker bug/)
    await client.stop()
  })

  it('rejects with refused when there is no worker file', async () => {
    const client = createWorkerClient({ url: new URL('./no-such-worker.ts', import.meta.url), settings })
    await assert.rejects(client.submit(train, {}), (error) => isColdmeshError(error, 'refused'))
    await client.stop()
  })

  it('rejects with bad-input what cannot be sent', async () => {
    const client = createWorkerClient({ url: new URL('./dying-worker.ts', import.meta.url), settings })
    const model = { ...train.model, config: { onLoad: () => {} } }
    await assert.rejects(client.submit({ ...train, model }, {}), (error) => isColdmeshError(error, 'bad-input'))
    await client.stop()
  })
})

describe('importing the library', () => {
  it('loads neither ONNX Runtime nor a worker', async () => {
    const index = new URL('../../../../src/adapters/onnx/index.ts', import.meta.url).href
    const script = `
      await import(${JSON.stringify(index)})
      const { sharedObjects, workers } = process.report.getReport()
      console.log(JSON.stringify([sharedObjects.filter((path) => path.includes('onnxruntime')), workers]))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    assert.deepEqual(JSON.parse(stdout), [[], []])
  })
})
