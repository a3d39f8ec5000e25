import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createColors } from 'picocolors'
import { formatStatus } from '../../../../node/text/status.ts'
import { STATUS } from '../../../support/node/fake-peer.ts'

const COLORS = createColors(false)
const AUTHOR = 'ab'.repeat(32)

describe('status as text', () => {
  it('tells what was refused, each once, the newest last', () => {
    const refused = Array.from({ length: 8 }, (_, index) => ({
      what: 'contribution',
      id: `bafyrefused${index}`,
      author: AUTHOR,
      reason: index === 7 ? 'bad\u001b[31m' : 'header-differs',
    }))
    const contributions = [
      {
        id: 'bafyrefused6',
        author: AUTHOR,
        checkpoint: 'bafk',
        task: 'a',
        state: 'refused' as const,
        reason: 'not-finite',
        staleness: 2,
      },
    ]
    const text = formatStatus({ ...STATUS, running: true, invite: '', refused, contributions }, COLORS)
    const lines = text.split('\n').filter((line) => line.startsWith('refused  '))
    assert.equal(lines.length, 5)
    assert.match(lines.at(-1) ?? '', /refused7, by .*abababab: bad/)
    assert.ok(!text.includes('\u001b'))
    assert.ok(!lines.some((line) => line.includes('refused6')))
    assert.match(text, /refused6.*not-finite, 2 rounds late/)
  })
})
