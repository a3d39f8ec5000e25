import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { notShown } from '../support/docs/shown-output.ts'

const PRINTED = `round 1  bafybeih5ppsns2lzb3mtgrfin4tqd2pc52d5bxzkp64yrqzghxdkzqwzs4
  mean/1 of 3 contributions, by …582192d7
  + …kxq4layi  messages: 48 rows, by c496279b48a95e04202b0e65749f95543d979bf18d9ec700ea13bc7a14bf6fee
peer 12D3KooWBaQ4zrys49NBAnf5kKPepjbReGPWJSm4ZvrTJTi7aoQ2   `

describe('output that a page shows', () => {
  it('may have other hashes and numbers, and leave out what … stands for', () => {
    const shown = [
      'round 2  bafybeiaaaaaaaaaaa…',
      '…',
      '  mean/1 of 12 contributions, by …00000000',
      '  + …aaaaaaaa  messages: 1,024 rows, by deadbeef00…',
      'peer 12D3KooWaaaa…',
    ]
    assert.deepEqual(notShown(shown, PRINTED), [])
    assert.deepEqual(notShown(['  + …messages…'], PRINTED), [])
  })

  it('is wrong in any other word, and in a line that is shown more often than printed', () => {
    const wrong = [
      'round 1  nothing',
      '  mean/1 of 3 contribution, by …582192d7',
      'mean/1 of 3 contributions, by …582192d7',
      '  + …kxq4layi  letters: 48 rows, by c496279b48a95e04…',
      'peer',
    ]
    assert.deepEqual(notShown(wrong, PRINTED), wrong)
    const twice = ['peer 12D3KooWaaaa…', 'peer 12D3KooWaaaa…']
    assert.deepEqual(notShown(twice, PRINTED), ['peer 12D3KooWaaaa…'])
  })
})
