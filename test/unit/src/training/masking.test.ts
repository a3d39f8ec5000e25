import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { maskTokens } from '../../../../src/training/masking.ts'
import { createRandom } from '../../../../src/training/random.ts'

const COUNT = 50_000
const options = { maskId: 4, vocabSize: 1_000, specialIds: new Set([2, 3]) }
const tokens = Int32Array.from({ length: COUNT }, (_, index) => (index % 10 === 0 ? 2 : 500))

describe('maskTokens', () => {
  const { ids, targets } = maskTokens(tokens, { ...options, random: createRandom(1, 'masking') })

  it('chooses the share it is told of the tokens that are not special', () => {
    const chosen = targets.filter((target) => target >= 0).length / (COUNT * 0.9)
    assert.ok(Math.abs(chosen - 0.15) < 5 * Math.sqrt((0.15 * 0.85) / (COUNT * 0.9)))
    assert.ok(tokens.every((token, index) => token !== 2 || (targets[index] === -1 && ids[index] === 2)))
  })

  it('masks most of the chosen, replaces some by another token, leaves some, and no others', () => {
    const chosen = [...targets.keys()].filter((index) => targets[index] !== -1)
    const share = (wanted: (id: number) => boolean) =>
      chosen.filter((index) => wanted(ids[index] ?? -1)).length / chosen.length
    assert.ok(chosen.every((index) => targets[index] === 500))
    assert.ok(Math.abs(share((id) => id === 4) - 0.8) < 0.03)
    assert.ok(Math.abs(share((id) => id === 500) - 0.1) < 0.03)
    assert.ok(ids.every((id, index) => targets[index] !== -1 || id === tokens[index]))
  })

  it('stops at the most targets it may choose', () => {
    const few = maskTokens(tokens, { ...options, random: createRandom(1, 'masking'), maxTargets: 7 })
    assert.equal(few.targets.filter((target) => target >= 0).length, 7)
  })
})
