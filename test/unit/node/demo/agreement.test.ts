import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { createAgreement, withinRound } from '../../../../node/demo/agreement.ts'
import { MAX_ROUND_MS } from '../../../../node/demo/settings.ts'

const never = new Promise<never>(() => {})
const quiet = { round: 1, failed: never, waits: async () => ['alpha: waits'], signal: new AbortController().signal }

describe('createAgreement', () => {
  it('is reached when the last peer holds the same base', async () => {
    const agreement = createAgreement(['alpha', 'beta'])
    agreement.hold('alpha', 1, 'x')
    agreement.hold('alpha', 2, 'z')
    agreement.hold('beta', 1, 'x')
    assert.equal(await agreement.reached(1), 'x')
    assert.equal(await Promise.race([agreement.reached(2), Promise.resolve('open')]), 'open')
  })

  it('fails on the first difference, naming both', async () => {
    const agreement = createAgreement(['alpha', 'beta', 'gamma'])
    agreement.hold('alpha', 1, 'x')
    agreement.hold('beta', 1, 'y')
    await assert.rejects(agreement.reached(1), { code: 'not-valid', message: /beta holds y, and alpha x/ })
  })
})

describe('withinRound', () => {
  it('ends with the failure of a daemon', async () => {
    const failed = Promise.reject(new Error('beta failed'))
    await assert.rejects(withinRound(never, { ...quiet, failed }), /beta failed/)
  })

  it('ends with the interruption', async () => {
    const controller = new AbortController()
    const waiting = withinRound(never, { ...quiet, signal: controller.signal })
    controller.abort(new Error('stop'))
    await assert.rejects(waiting, /stop/)
  })

  it('ends when the time is over, saying what each peer waits for', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const waiting = withinRound(never, quiet)
    mock.timers.tick(MAX_ROUND_MS)
    mock.timers.reset()
    await assert.rejects(waiting, { code: 'deadline', hint: 'alpha: waits' })
  })
})
