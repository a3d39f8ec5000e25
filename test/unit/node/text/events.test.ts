import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEventWriter, describeEvent, eventRecord } from '../../../../node/text/events.ts'
import { describeWait, duration } from '../../../../node/text/wait.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'

const wait = { what: 'contributions', have: 2, need: 3, missing: ['beta'], sinceMs: 1_000, untilMs: 21_000 }
const training = (step: number): PeerEvent => ({
  type: 'training',
  round: 1,
  task: 'wn-pos',
  step,
  steps: 100,
  loss: 1.25,
  tokensPerSecond: 12_345,
  secondsLeft: 0,
})

describe('describeWait', () => {
  it('says for what, for whom, since when and until when', () => {
    assert.equal(describeWait(wait, 13_000), 'contributions: 2 of 3, missing beta; for 12 s, at most 8 s more')
  })

  it('leaves out what is not known, and most of a long list', () => {
    const missing = Array.from({ length: 11 }, (_, at) => `m${at}`)
    assert.equal(
      describeWait({ ...wait, missing, untilMs: null }, 301_000),
      'contributions: 2 of 3, missing m0, m1, m2, m3, m4, m5, m6, m7 and 3 more; for 5 min 0 s',
    )
  })

  it('escapes names', () => {
    assert.match(describeWait({ ...wait, missing: ['\u001b[31m'] }, 1_000), /missing \\u\{1b\}\[31m;/)
  })
})

describe('what there is to train on', () => {
  const about = { type: 'dataset', round: 3, task: 'reviews', rows: 1_200, truncated: 0.124, maxTokens: 64 } as const

  it('is said in one line', () => {
    const labels = { commonest: 'good', share: 0.75, rarest: 'bad', rarestRows: 300 }
    assert.equal(
      describeEvent({ ...about, labels }),
      'round 3: reviews has 1,200 rows, 75.0% of them good, 300 bad; about 12.4% are longer than 64 tokens and are cut',
    )
    assert.equal(describeEvent({ ...about, labels: null, truncated: null }), 'round 3: reviews has 1,200 rows')
  })
})

describe('duration', () => {
  it('is seconds, minutes or hours', () => {
    assert.deepEqual([-5, 1_400, 119_000, 125_000, 7_500_000].map(duration), [
      '0 s',
      '1 s',
      '119 s',
      '2 min 5 s',
      '2 h 5 min',
    ])
  })
})

describe('createEventWriter', () => {
  it('says a wait once, and again when it changed', () => {
    const write = createEventWriter()
    const event: PeerEvent = { type: 'waiting', round: 1, wait }
    assert.notEqual(write(event), null)
    assert.equal(write({ ...event, wait: { ...wait, untilMs: 22_000 } }), null)
    assert.notEqual(write({ ...event, wait: { ...wait, have: 3 } }), null)
  })

  it('says a training in a few lines, however many steps it has', () => {
    const write = createEventWriter()
    const lines = Array.from({ length: 100 }, (_, at) => write(training(at + 1))).filter((line) => line !== null)
    assert.equal(lines.length, 5)
    assert.equal(lines[0], 'round 1: trains wn-pos, step 1 of 100, loss 1.250, 12,345 tokens/s')
  })
})

describe('describeEvent', () => {
  it("escapes what a peer chose: a task's name, a reason", () => {
    const contribution = {
      id: 'bafyid',
      author: 'ab'.repeat(32),
      checkpoint: 'bafyc',
      task: '\u202egpj',
      state: 'refused',
      reason: '\u0007bell',
      staleness: 0,
    } as const
    assert.equal(
      describeEvent({ type: 'contribution', round: 2, contribution }),
      'round 2: contribution bafyid (\\u{202e}gpj, by …abababab) refused: \\u{7}bell',
    )
  })

  it('is silent about kinds of a newer version', () => {
    const event: PeerEvent = JSON.parse('{"type":"levitated","round":1}')
    assert.equal(describeEvent(event), null)
  })
})

describe('eventRecord', () => {
  it('names the kind `event`', () => {
    assert.deepEqual(eventRecord({ type: 'muted', reason: 'r' }), { event: 'muted', reason: 'r' })
  })
})
