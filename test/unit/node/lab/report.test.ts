import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatCurves } from '../../../../node/lab/curves.ts'
import { renderReport } from '../../../../node/lab/report.ts'
import { labResult } from '../../../support/lab/result.ts'

const made = { source: { name: 'small' }, coldmesh: '1.2.3', node: 'v24', platform: 'linux x64' }

describe('renderReport', () => {
  const page = renderReport(labResult(), made)

  it('is one file that loads nothing', () => {
    const outside = [...page.matchAll(/\b(?:src|href)\s*=|url\(|@import|<script|<link|<iframe/g)].map(
      ([found]) => found,
    )
    assert.deepEqual(outside, [])
    const addresses = [...page.matchAll(/https?:\/\/[^"\s<]*/g)].map(([found]) => found)
    assert.deepEqual([...new Set(addresses)], ['http://www.w3.org/2000/svg'])
  })

  it('has a chart for each group and each task, with ids of their own', () => {
    const ids = [...page.matchAll(/<svg [^>]*id="([^"]+)"/g)].map(([, id]) => id)
    assert.deepEqual(ids, [
      'frozen-seen-mean-of-seen-tasks',
      'frozen-unseen-mean-of-unseen-tasks',
      'frozen-seen-topic',
      'frozen-unseen-length',
    ])
  })

  it('tells the gain with its standard error, and in how many of them', () => {
    // Seeds 1 and 2 gain the same 20 points: an error of zero says nothing.
    assert.match(page, /<b>frozen, seen tasks<\/b>: 52\.5 ± 0\.5 → 72\.5 ± 0\.5 after 2 rounds, \+20\.0 ± 0\.0/)
    assert.match(page, /<td>82\.5 ± 0\.5<\/td><td>\+20\.0 ± 0\.0<\/td><td>25\.0<\/td>/)
  })

  it('follows the reader in light and dark, and scrolls tables on small screens', () => {
    assert.match(page, /prefers-color-scheme:dark/)
    assert.match(page, /name="viewport" content="width=device-width/)
    assert.match(page, /\.scroll\{overflow-x:auto/)
  })

  it('shows names as text, whatever is in them', () => {
    const evil = renderReport(labResult('<img src=x onerror=alert(1)>'), { ...made, source: '</pre><script>' })
    assert.doesNotMatch(evil, /<img|<script/)
    assert.match(evil, /&lt;img src=x/)
  })

  it('says how to make it again', () => {
    assert.match(page, /coldmesh lab PLAN\.json/)
    assert.match(page, /&quot;name&quot;: &quot;small&quot;/)
    assert.match(page, /base-2-2/)
  })
})

describe('formatCurves', () => {
  it('has a row for each point of each curve', () => {
    const [head, ...rows] = formatCurves(labResult()).trimEnd().split('\n')
    assert.equal(head, 'mode,group,task,of,round,mean,standard_error,seeds,values')
    assert.equal(rows.length, 16)
    assert.equal(rows[0], 'frozen,seen,mean,rounds/0,0,0.525000,0.005000,2,0.520000 0.530000')
    assert.equal(rows[3], 'frozen,seen,mean,one-shot,,0.825000,0.005000,2,0.820000 0.830000')
  })
})
