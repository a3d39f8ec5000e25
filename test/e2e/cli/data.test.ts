import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('data command')
after(folder.remove)

describe('coldmesh data', () => {
  it('shows what is in a file, and ends with 2 when something is wrong', async () => {
    const path = join(folder.path, 'reviews.csv')
    writeFileSync(path, 'stars,review\n1,bad\n1,awful\n2,good\n2,\u001b[31mfine\n')
    const good = await runCli(['data', path, '--label', 'stars', '--label-map', '1=negative,2=positive'])
    assert.equal(good.code, 0, good.stderr)
    assert.match(good.stdout, /columns {3}stars \(the label\), review \(the text\)/)
    assert.match(good.stdout, /positive +2 +50\.0%/)
    assert.match(good.stdout, /line 2: negative \(0\) {2}bad/)
    assert.match(good.stdout, /nothing is wrong with it/)
    assert.ok(!good.stdout.includes('\u001b['), 'the file wrote to the terminal')

    writeFileSync(path, 'stars,review\n1,bad\n1,awful\n2,good\n3,\n')
    const bad = await runCli(['data', path, '--label', 'stars', '--json'])
    assert.equal(bad.code, 2)
    const { rows, problems } = JSON.parse(bad.stdout)
    assert.deepEqual([rows, problems.count], [3, 2])
    assert.match(problems.first[0].message, /line 5: the text is empty/)
  })
})
