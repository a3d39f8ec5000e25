import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRandom } from '../../../../src/training/random.ts'

const COUNT = 20_000

function draw(seed: number, stream: string, count = 8): number[] {
  const random = createRandom(seed, stream)
  return Array.from({ length: count }, () => random.uint32())
}

describe('createRandom', () => {
  it('gives the same numbers for the same seed and stream on every machine', () => {
    // Frozen when this was written: a change would change every plan's outcome.
    assert.deepEqual(
      draw(1, 'batches', 8),
      [1864762241, 3948991941, 3664800443, 2860498343, 2921819615, 1686929032, 2414679831, 32445448],
    )
  })

  it('gives other numbers for another seed or stream', () => {
    const sequences = [draw(1, 'a'), draw(2, 'a'), draw(1, 'b'), draw(0, 'a'), draw(2 ** 40, 'a')]
    assert.equal(new Set(sequences.map(String)).size, sequences.length)
  })

  it('is uniform, and normal where it says so', () => {
    const random = createRandom(5, 'test')
    const uniform = Array.from({ length: COUNT }, () => random.uniform())
    assert.ok(uniform.every((value) => value >= 0 && value < 1))
    // Five standard errors.
    assert.ok(Math.abs(mean(uniform) - 0.5) < 5 * Math.sqrt(1 / 12 / COUNT))
    const normal = Array.from({ length: COUNT }, () => random.normal())
    assert.ok(Math.abs(mean(normal)) < 5 / Math.sqrt(COUNT))
    assert.ok(Math.abs(mean(normal.map((value) => value * value)) - 1) < 5 * Math.sqrt(2 / COUNT))
  })

  it('draws each integer below a limit about equally often', () => {
    const random = createRandom(5, 'test')
    const counts = Array(10).fill(0)
    for (let index = 0; index < COUNT; index++) counts[random.below(10)]++
    for (const count of counts) assert.ok(Math.abs(count - COUNT / 10) < 5 * Math.sqrt(COUNT * 0.09))
  })

  it('shuffles: every item stays, each place is as likely as another', () => {
    const random = createRandom(5, 'test')
    const firstPlaces = Array(5).fill(0)
    for (let index = 0; index < COUNT; index++) {
      const items = random.shuffle([0, 1, 2, 3, 4])
      firstPlaces[items.indexOf(0)]++
      assert.equal(new Set(items).size, 5)
    }
    for (const count of firstPlaces) assert.ok(Math.abs(count - COUNT / 5) < 5 * Math.sqrt(COUNT * 0.16))
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
