import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSlots } from '../../../../../src/adapters/libp2p/slots.ts'

const forever = new AbortController().signal

describe('slots', () => {
  it('lets a few in for each key and the others wait in turn', async () => {
    const slots = createSlots(2)
    const order: string[] = []
    const first = await slots.take('a', forever)
    const second = await slots.take('a', forever)
    await slots.take('b', forever)
    const third = slots.take('a', forever).then(() => order.push('third'))
    const fourth = slots.take('a', forever).then(() => order.push('fourth'))
    await Promise.resolve()
    assert.deepEqual(order, [])
    first()
    first()
    await third
    assert.deepEqual(order, ['third'])
    second()
    await fourth
    assert.deepEqual(order, ['third', 'fourth'])
  })

  it('lets one who gives up leave the queue', async () => {
    const slots = createSlots(1)
    const release = await slots.take('a', forever)
    const controller = new AbortController()
    const impatient = slots.take('a', controller.signal)
    const patient = slots.take('a', forever)
    controller.abort(new Error('late'))
    await assert.rejects(impatient, /late/)
    release()
    await patient
  })
})
