import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { examineEngines } from '../../../../src/engines/examine.ts'
import { BY_NAME_ONLY, ENGINE_NAMES } from '../../../../src/engines/names.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

describe('examineEngines', () => {
  it('measures what works, says why the others do not, and which auto takes', async () => {
    const reports = await Array.fromAsync(examineEngines({ threads: 1 }))
    assert.deepEqual(
      reports.map(({ engine }) => engine),
      ENGINE_NAMES,
    )
    for (const { engine, device, tokensPerSecond, reason } of reports) {
      const works = device !== null
      assert.equal(tokensPerSecond !== null && tokensPerSecond > 0, works, engine)
      assert.equal(reason === null, works, engine)
    }
    const chosen = reports.filter(({ isChosen }) => isChosen)
    assert.ok(chosen.length === 1 && chosen[0]?.device !== null)
    assert.ok(chosen.every(({ engine }) => !BY_NAME_ONLY.includes(engine)))
    assert.ok(reports.find(({ engine }) => engine === 'onnx')?.device === 'cpu')
  })

  it('ends when it is aborted', async () => {
    const signal = AbortSignal.abort()
    await assert.rejects(Array.fromAsync(examineEngines({ threads: 1, signal })), (error) =>
      isColdmeshError(error, 'aborted'),
    )
  })
})
