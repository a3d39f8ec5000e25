import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createColors } from 'picocolors'
import { formatStatus } from '../../../../node/text/status.ts'
import type { PeerStatus } from '../../../../src/peer/types.ts'
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

  it('says who may contribute, whether this peer may, and until when', () => {
    const vouched = { contributors: 'vouched', granted: true, reason: null, until: 9, by: 'ada\u001b[31m' } as const
    const line = (permission: Partial<PeerStatus['permission']>) => {
      const status = { ...STATUS, running: true as const, invite: '', permission: { ...vouched, ...permission } }
      return formatStatus(status, COLORS)
        .split('\n')
        .find((candidate) => candidate.startsWith('contributors'))
    }
    assert.match(line({}) ?? '', /vouched; this peer may, vouched for by ada.*until round 9 \(5 more after this one\)/)
    assert.match(line({ until: null, by: null }) ?? '', /vouched; this peer may$/)
    assert.match(line({ granted: false, reason: 'voucher-expired' }) ?? '', /may not: voucher-expired/)
    assert.match(line({ contributors: 'open', until: null, by: null }) ?? '', /open to anyone$/)
  })

  it('says what the network began as', () => {
    const fork = { of: 'bafybase', network: 'bafynetwork', round: 7, reason: 'no certificate' }
    const text = (state: 'verified' | 'unchecked' | 'not-valid') =>
      formatStatus({ ...STATUS, running: true, invite: '', fork: { ...fork, state } }, COLORS)
    assert.match(text('verified'), /fork of bafybase \(round 7 of network bafynetwork\), verified/)
    assert.match(text('unchecked'), /which can't be checked here: no certificate/)
    assert.match(text('not-valid'), /not so: no certificate/)
  })
})
