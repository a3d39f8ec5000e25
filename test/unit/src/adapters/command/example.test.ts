import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createCommandTrainer } from '../../../../../src/engines/command-trainer.ts'
import { completePlan } from '../../../../../src/training/plan.ts'
import { readFences } from '../../../../support/docs/fences.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { sentenceDataset, tinyModel } from '../../../../support/training/tiny.ts'

const PAGE = join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'command-trainer.md')

describe('the example in docs/command-trainer.md', () => {
  it('is a trainer of twenty lines', async () => {
    const fence = readFences(readFileSync(PAGE, 'utf8')).find(({ info }) => info === 'js')
    assert.ok(fence && fence.lines.length <= 22, String(fence?.lines.length))
    const folder = temporaryDirectory()
    const program = join(folder, 'trainer.mjs')
    writeFileSync(program, fence.lines.join('\n'))
    const trainer = await createCommandTrainer({ command: [process.execPath, program], dir: join(folder, 'runs') })
    const [model, dataset] = [tinyModel(), sentenceDataset()]
    const { body, head, steps } = await trainer.train({ model, dataset, head: null, plan: completePlan({ steps: 3 }) })
    assert.deepEqual([steps, body], [3, model.body])
    const { score } = await trainer.evaluate({ model, head, examples: dataset.examples, maxTokens: 16 })
    assert.equal(score, 1 / 3)
    await trainer.stop()
  })
})
