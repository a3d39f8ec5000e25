import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openTrainingData } from '../../../../src/adapters/datasets/index.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { commitExamples } from '../../../../src/peer/commit-examples.ts'
import { isStored } from '../../../../src/ports/dataset.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentences, tinyModel } from '../../../support/training/tiny.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-stored-'))
// Two hundred tokens: then the others go to a file.
process.env['COLDMESH_MEMORY_TOKENS'] = '200'
const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
after(async () => {
  await trainer.stop()
  await rm(folder, { recursive: true })
})

const path = join(folder, 'sentences.jsonl')
await writeFile(
  path,
  sentences()
    .map((row) => JSON.stringify(row))
    .join('\n'),
)

describe('a dataset that stays in its file', () => {
  const train = async (memoryCharacters: number, validation?: string) => {
    const dataset = await openTrainingData(path, { memoryCharacters, ...(validation && { validation }) })
    assert.equal(isStored(dataset.examples), memoryCharacters === 0)
    const plan = completePlan({ steps: 6, evaluateEvery: 3, maxTokens: 16 })
    const { body, validation: validated, rows } = await trainer.train({ model: tinyModel(), head: null, dataset, plan })
    return { body, validated, rows }
  }

  it('trains to the same weights as in memory', async () => {
    assert.deepEqual(await train(0), await train(1e9))
  })

  it('may have its validation rows in a file too', async () => {
    const { validated, rows } = await train(0, path)
    assert.deepEqual([rows, validated.rows], [240, 240])
  })

  it('has the same commitment as in memory', async () => {
    const salt = new Uint8Array(32)
    const [stored, held] = await Promise.all(
      [0, 1e9].map((memoryCharacters) => openTrainingData(path, { memoryCharacters })),
    )
    assert.ok(stored && held)
    assert.deepEqual(await commitExamples(stored.examples, salt), await commitExamples(held.examples, salt))
  })

  it('is refused when its file has changed since', async () => {
    const dataset = await openTrainingData(path, { memoryCharacters: 0 })
    await appendFile(path, '\n{"text":"one more","label":"music"}')
    const training = trainer.train({ model: tinyModel(), head: null, dataset, plan: completePlan({ steps: 1 }) })
    await assert.rejects(
      training,
      (error) => isColdmeshError(error, 'bad-input') && /has changed since/.test(error.message),
    )
  })
})
