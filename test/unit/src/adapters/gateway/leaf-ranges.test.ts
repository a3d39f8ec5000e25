import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatLeaves, parseLeaves } from '../../../../../src/adapters/gateway/leaf-ranges.ts'

describe('which leaves of a file a peer has', () => {
  it('is written as ranges, and read again', () => {
    for (const [here, text] of [
      [[0, 0, 0], 'none'],
      [[1, 1, 1], '0-2'],
      [[0, 1, 0, 1, 1], '1-1,3-4'],
      [[1, 0, 0], '0-0'],
    ] as const) {
      assert.equal(formatLeaves(Uint8Array.from(here)), text)
      assert.deepEqual(parseLeaves(text, here.length), Uint8Array.from(here))
    }
  })

  it('is cut after 256 ranges', () => {
    const here = Uint8Array.from({ length: 1000 }, (_, leaf) => leaf % 2)
    const read = parseLeaves(formatLeaves(here), here.length)
    assert.equal(read?.indexOf(1), 1)
    assert.equal(read?.lastIndexOf(1), 511)
  })

  it('is nothing when it is written otherwise', () => {
    for (const text of [
      '',
      'all',
      '0',
      '2-1',
      '0-5',
      '0-1,',
      '-1',
      '0-1;2-3',
      `0-${'9'.repeat(30)}`,
      '0-0,'.repeat(300),
    ])
      assert.equal(parseLeaves(text, 5), null, text)
  })
})
