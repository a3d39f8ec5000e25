import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { renderCard } from '../../../../src/checkpoint/card.ts'
import type { Card3Facts } from '../../../../src/checkpoint/card-3.ts'

const TEST = join(import.meta.dirname, '../../..')
const { cases }: { cases: { title: string; facts: Card3Facts; card: string[] }[] } = JSON.parse(
  readFileSync(join(TEST, 'vectors/checkpoint/card.v3.json'), 'utf8'),
)
const factsOf = (title: string) => cases.find((one) => one.title === title)?.facts ?? assert.fail(title)
const render = (facts: Card3Facts) => new TextDecoder().decode(renderCard(facts))

describe('card/3', () => {
  for (const { title, facts, card } of cases) {
    it(`gives the frozen bytes: ${title}`, () => assert.deepEqual(render(facts).split('\n'), card))
  }

  it('is what Python makes of docs/fusion.md, as card/1 is', () => {
    const said = execFileSync('python3', [join(TEST, 'reference/card/render.py')], { encoding: 'utf8' })
    assert.match(said, new RegExp(`^${cases.length + 3} passed, 0 failed$`, 'm'))
  })

  it('keeps its lines and cells whatever peers wrote, and its front matter', () => {
    const facts = factsOf('an amendment of everything')
    const [member] = facts.committee
    assert.ok(member && facts.amendment)
    const withText = (text: string): Card3Facts => ({
      ...facts,
      networkName: text,
      inputs: facts.inputs.map((input) => ({ ...input, datasetName: text, task: text, license: text })),
      excluded: [{ id: 'bafyx', author: '00', task: text, reason: 'lottery' }],
      committee: [{ ...member, name: text }],
      amendment: { id: 'bafyx', add: [{ name: text, key: '00' }] },
    })
    const shape = (card: string) => card.split('\n').map((line) => line.split('|').length)
    const frontOf = (card: string) => card.split('\n---\n')[0]
    const plain = render(withText('x'))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
        const card = render(withText(text))
        assert.deepEqual(shape(card), shape(plain))
        assert.equal(frontOf(card), frontOf(plain))
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('throws on what would not be text of its front matter, and on a number that is no integer', () => {
    const facts = factsOf('an ordinary round')
    assert.throws(() => render({ ...facts, rule: 'a: b' }), { code: 'not-valid' })
    assert.throws(() => render({ ...facts, network: 'x\ny' }), { code: 'not-valid' })
    assert.throws(() => render({ ...facts, params: [['step', 0.5]] }), RangeError)
    assert.throws(() => render({ ...facts, votes: -1 }), RangeError)
  })
})
