import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BlamedInput, BlameReport } from 'coldmesh'
import { formatBlame } from '../../../../node/text/blame.ts'

const of = (mean: number, standardError = 0.01) => ({ mean, standardError })
const input = (id: string, verdict: BlamedInput['verdict'], difference: number): BlamedInput => ({
  ...{ id: `bafyreiinput${id}`, author: 'ab'.repeat(32), task: `task \u001b[31m${id}`, dataset: 'd' },
  ...{ without: of(0.5 + difference), difference: of(difference), toParent: of(difference - 0.1) },
  ...{ chance: 0.001, verdict },
})
const report: BlameReport = {
  ...{ base: 'bafybase', round: 4, parent: 'bafyparent', rule: 'mean/1', task: 'mine', mode: 'frozen' },
  ...{ metric: 'accuracy', seeds: [1, 2, 3], rows: 400, testRows: 90, all: of(0.5), before: of(0.6) },
  inputs: [input('bad', 'hurts', 0.2), input('good', 'unclear', -0.01)],
}

describe('formatBlame', () => {
  it('has a line for each contribution, who hurts in full, and nothing of what a peer wrote as it is', () => {
    const text = formatBlame(report)
    assert.match(
      text,
      /^round 4 {2}bafybase\nmean\/1 of 2 contributions, judged on mine: frozen, accuracy, 90 test rows, 3 seeds\n/,
    )
    assert.match(text, /all 50\.0% ± 1\.0%, the base before 60\.0% ± 1\.0%/)
    assert.match(text, /…inputbad .* 70\.0% ± 1\.0% {2}\+20\.0% ± 1\.0% {2}\+10\.0% ± 1\.0% {2}hurts/)
    assert.match(text, /-1\.0% ± 1\.0%/)
    assert.match(text, /\nhurts: bafyreiinputbad by (ab){32}$/)
    assert.ok(!text.includes('\u001b'))
  })

  it('says when nothing is clear, and why one seed tells nothing', () => {
    const inputs = [
      input('good', 'unclear', 0.01),
      { ...input('x', 'needed', 0), without: null, difference: null, toParent: null },
    ]
    assert.match(
      formatBlame({ ...report, inputs }),
      /the rule needs it[\s\S]*no contribution hurts by more than chance/,
    )
    assert.match(formatBlame({ ...report, inputs, seeds: [1] }), /one seed tells nothing about noise: add --seeds 5$/)
  })
})
