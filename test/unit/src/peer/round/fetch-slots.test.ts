import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFetchSlots } from '../../../../../src/peer/round/fetch-slots.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Works that end when told. */
function works(max: number) {
  const withSlot = createFetchSlots(max)
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const start = (name: string, tries: number) => {
    const end = Promise.withResolvers<void>()
    ends.set(name, end)
    return withSlot(tries, async () => {
      begun.push(name)
      await end.promise
    })
  }
  const end = async (name: string) => {
    ends.get(name)?.resolve()
    await turn()
  }
  return { begun, start, end, fail: (name: string) => ends.get(name)?.reject(new Error(name)) }
}

describe('createFetchSlots', () => {
  it('runs a few at once, then those with the fewest tries, then those that came first', async () => {
    const { begun, start, end } = works(2)
    for (const [name, tries] of [
      ['a', 1],
      ['b', 1],
      ['third try', 3],
      ['second try', 2],
      ['c', 1],
      ['d', 1],
    ] as const) {
      void start(name, tries)
    }
    await turn()
    assert.deepEqual(begun, ['a', 'b'])
    for (const name of ['a', 'b', 'c', 'd', 'second try']) await end(name)
    assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'second try', 'third try'])
  })

  it('gives a slot back when the work fails, and lets nobody slip in', async () => {
    const { begun, start, fail } = works(1)
    const first = start('first', 1)
    void start('second', 1)
    fail('first')
    await assert.rejects(first)
    void start('third', 1)
    await turn()
    assert.deepEqual(begun, ['first', 'second'])
  })
})
