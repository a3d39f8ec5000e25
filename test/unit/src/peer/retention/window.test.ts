import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KeepRounds, keptRounds, windowAt } from '../../../../../src/peer/retention/window.ts'
import { genesisHead } from '../../../../../src/rounds/head.ts'
import { networkFacts } from '../../../../../src/rounds/network.ts'
import type { Head } from '../../../../../src/rounds/state.ts'
import { type TEST_ROUND_POLICY, testCid, testNetwork } from '../../../../support/protocols/network.ts'

/** A head of round 10; `empty`: rounds without inputs. */
function headWith(round: Partial<typeof TEST_ROUND_POLICY>, empty: readonly number[] = []): Head {
  const net = testNetwork({ round })
  const start = genesisHead(networkFacts(net.network, net.genesis), testCid('weights'))
  const history = [10, 9, 8, 7, 6, 5].map((of) => {
    return {
      round: of,
      base: testCid(`base ${of}`),
      weights: testCid(`${of}`),
      inputs: [],
      isEmpty: empty.includes(of),
    }
  })
  return { ...start, round: 10, history }
}

const windowOf = (head: Head, own: KeepRounds = 'network') => {
  const { from, takenFrom } = windowAt(head, own)
  return [from, takenFrom]
}

describe('the rounds that a peer keeps', () => {
  it('are those that the network asks for, and more where the operator wants so', () => {
    const head = headWith({ keepRounds: 3 })
    assert.deepEqual(windowOf(head), [8, 11])
    assert.deepEqual(windowOf(head, 5), [6, 11])
    assert.deepEqual(windowOf(head, 2), [8, 11], 'never fewer')
    assert.deepEqual(windowOf(head, 'all'), [0, 11])
    assert.deepEqual(windowOf(headWith({ keepRounds: 64 })), [0, 11])
  })

  it('are more as soon as an amendment that asks for more is on its way, and fewer when it holds', () => {
    const [three, five] = [headWith({ keepRounds: 3 }), headWith({ keepRounds: 5 })]
    const raised = { ...three, regime: { ...three.regime, next: five.regime.next } }
    const lowered = { ...five, regime: { ...five.regime, next: three.regime.next } }
    assert.deepEqual(
      [raised, lowered].map((head) => keptRounds(head, 'network')),
      [5, 5],
    )
  })

  it('leave contributions that may be late, by rounds with inputs alone', () => {
    const late = { maxStaleness: 1, historyRounds: 6, keepRounds: 6 }
    assert.deepEqual(windowOf(headWith(late)), [5, 10])
    assert.deepEqual(windowOf(headWith(late, [10, 9])), [5, 8])
    assert.deepEqual(windowOf(headWith({ keepRounds: 1 }, [10, 9])), [9, 9], 'an empty round keeps its weights')
  })
})
