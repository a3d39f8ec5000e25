import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
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

describe('coldmesh data commit, prove-row, check and check-set', () => {
  const at = (name: string) => join(folder.path, name)
  const rows = ['bad,1', 'awful,1', 'good,2', '\u001b[31mfine,2', 'well,2']

  it('show a row, and all rows, to somebody who has files alone', async () => {
    const data = at('shown.csv')
    writeFileSync(data, `review,stars\n${rows.join('\n')}\n`)
    assert.equal((await runCli(['init', '--dir', at('peer')])).code, 0)
    const reading = ['--label', 'stars', '--task', 'reviews', '--dir', at('peer')]
    const statement = ['data', 'commit', data, ...reading, '--salt', at('salt'), '--out', at('statement.json')]
    const committed = await runCli(statement)
    assert.equal(committed.code, 0, committed.stderr)
    const [, root = ''] = /root ([0-9a-f]{64})/.exec(committed.stdout) ?? []
    assert.deepEqual(JSON.parse(readFileSync(at('statement.json'), 'utf8')), {
      kind: 'dataset-statement/1',
      name: 'reviews',
      rows: 5,
      root,
    })
    const again = await runCli(statement)
    assert.deepEqual([again.code, /is there already/.test(again.stderr)], [2, true])

    const proven = await runCli(['data', 'prove-row', data, ...reading, '--row', '4', '--out', at('row-4.json')])
    assert.equal(proven.code, 0, proven.stderr)
    // To standard output it is the same proof, without a character that a terminal would obey.
    writeFileSync(at('raw.csv'), `review,stars\n${rows.with(3, 'fi\u009b\u202ene,2').join('\n')}\n`)
    const printed = await runCli(['data', 'prove-row', at('raw.csv'), ...reading, '--row', '4'])
    assert.match(JSON.parse(printed.stdout).row, /fi\u009b\u202ene/)
    assert.doesNotMatch(printed.stdout, /[\u009b\u202e]/)
    const check = (...against: readonly string[]) => runCli(['data', 'check', at('row-4.json'), ...against])
    const held = await check('--statement', at('statement.json'))
    assert.deepEqual([held.code, held.stdout.split('\n')[0]], [0, 'valid: row 4 of 5 was in the data'])
    assert.ok(!`${held.stdout}${proven.stdout}`.includes('\u001b['), 'the row wrote to the terminal')
    assert.match((await check('--root', root)).stdout, /^valid: a row \(it says: 4 of 5;/)
    const wrong = await check('--root', root, '--rows', '6', '--json')
    assert.deepEqual([wrong.code, JSON.parse(wrong.stdout).fault], [4, 'other-rows'])
    const other = await check('--root', '0'.repeat(64))
    assert.deepEqual([other.code, /^not valid: it is of a commitment/.test(other.stdout)], [4, true])
    assert.equal((await check()).code, 2)
    assert.equal((await check('--root', 'x')).code, 2)

    const compare = (...more: readonly string[]) =>
      runCli(['data', 'check-set', data, '--label', 'stars', '--salt', at('salt'), '--root', root, ...more])
    assert.deepEqual([(await compare()).code, (await compare('--proof', at('row-4.json'))).code], [0, 0])
    writeFileSync(data, `review,stars\n${rows.with(2, 'gooood,2').join('\n')}\n`)
    const differs = await compare('--proof', at('row-4.json'))
    assert.equal(differs.code, 4)
    assert.match(differs.stdout, /there is a difference in row 3$/m)
  })

  it('leave a file of such a name to coldmesh data', async () => {
    writeFileSync(at('help'), '')
    const { code, stderr } = await runCli(['data', at('help')])
    assert.equal(code, 2)
    assert.match(stderr, /help/)
    assert.match((await runCli(['data', './commit'])).stderr, /commit/)
  })
})
