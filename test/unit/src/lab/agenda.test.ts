import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAgenda } from '../../../../src/lab/agenda.ts'

describe('createAgenda', () => {
  it('does things in the order of their times, and of their arrival when times are equal', async () => {
    const agenda = createAgenda()
    const done: string[] = []
    agenda.after(20, () => void done.push('c'))
    agenda.after(10, () => void done.push('a'))
    agenda.after(20, () => void done.push('d'))
    agenda.after(10, () => {
      done.push('b')
      agenda.after(0, () => void done.push('b2'))
    })
    await agenda.run(100, () => false)
    assert.deepEqual(done, ['a', 'b', 'b2', 'c', 'd'])
    assert.equal(agenda.now, 20)
  })

  it('begins nothing before what it does has ended', async () => {
    const agenda = createAgenda()
    const done: string[] = []
    agenda.after(1, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      done.push('first')
    })
    agenda.after(1, () => void done.push('second'))
    await agenda.run(100, () => false)
    assert.deepEqual(done, ['first', 'second'])
  })

  it('ends when done, when nothing is left, and at its limit', async () => {
    const agenda = createAgenda()
    let count = 0
    const again = () => {
      count += 1
      agenda.after(10, again)
    }
    agenda.after(10, again)
    assert.equal(await agenda.run(1_000, () => count === 3), true)
    assert.equal(await agenda.run(100, () => false), false)
    assert.equal(count, 10)
    assert.equal(await createAgenda().run(100, () => false), false)
  })
})
