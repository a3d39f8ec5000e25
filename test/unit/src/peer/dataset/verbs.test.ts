import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { contribution } from '../../../../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../../../../protocols/lineage/messages.ts'
import { openTrainingData } from '../../../../../src/adapters/datasets/index.ts'
import { createKey } from '../../../../../src/adapters/files/key-file.ts'
import { commitExamples } from '../../../../../src/peer/commit-examples.ts'
import { readCommitments } from '../../../../../src/peer/dataset/stated-commitments.ts'
import {
  checkDatasetProof,
  commitDataset,
  compareDataset,
  proveDatasetRow,
} from '../../../../../src/peer/dataset/verbs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { readLineage, threeRounds } from '../../../../support/history/build-chain.ts'
import { temporaryFolder } from '../../../../support/node/cli.ts'

const CHECK_ROW = join(import.meta.dirname, '../../../../reference/dataset/check_row.py')
const ROWS = 300
const folder = temporaryFolder('dataset proofs')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const rowOf = (i: number) => `"text ${i}, ""quoted"" é 日本 \u{1f600}",${i % 3 === 0 ? 'good' : 'bad'}`
const table = (rows: readonly string[]) => `text,label\n${rows.join('\n')}\n`

before(async () => {
  writeFileSync(at('data.csv'), table(Array.from({ length: ROWS }, (_, i) => rowOf(i))))
  await createKey(at('key'))
})

describe('commitDataset', () => {
  it('has the root that a contribution of this data directory has, from the same rows', async () => {
    const { name, rows, root } = await commitDataset(at('data.csv'), { dir: folder.path })
    const dataset = await openTrainingData(at('data.csv'))
    const salt = createHmac('sha256', readFileSync(at('key')))
      .update('coldmesh/dataset-salt/1 data')
      .digest()
    assert.deepEqual([name, rows], ['data', dataset.examples.length])
    assert.equal(root, Buffer.from(await commitExamples(dataset.examples, salt)).toString('hex'))
    const named = await commitDataset(at('data.csv'), { dir: folder.path, name: 'other' })
    assert.notEqual(named.root, root)
  })

  it('keeps a fresh salt in a file for its owner alone, and uses it again', async () => {
    const first = await commitDataset(at('data.csv'), { saltFile: at('fresh.salt') })
    const again = await commitDataset(at('data.csv'), { saltFile: at('fresh.salt') })
    assert.equal(first.root, again.root)
    assert.match(readFileSync(at('fresh.salt'), 'utf8'), /^[0-9a-f]{64}\n$/)
    if (process.platform !== 'win32') assert.equal(statSync(at('fresh.salt')).mode & 0o777, 0o600)
    const other = await commitDataset(at('data.csv'), { saltFile: at('other.salt') })
    assert.notEqual(other.root, first.root)
  })

  it('refuses a salt that is not the one of the data directory, and a file that is no salt', async () => {
    await commitDataset(at('data.csv'), { saltFile: at('mine.salt') })
    const isBad = (error: unknown) => isColdmeshError(error, 'bad-input')
    await assert.rejects(commitDataset(at('data.csv'), { saltFile: at('mine.salt'), dir: folder.path }), isBad)
    await assert.rejects(commitDataset(at('data.csv'), { saltFile: at('data.csv') }), isBad)
  })
})

describe('proveDatasetRow', () => {
  it('proves rows against the commitment, to Python too', async () => {
    const { root, rows } = await commitDataset(at('data.csv'), { dir: folder.path })
    for (const row of [1, 2, 17, 256, 257, ROWS]) {
      const proof = await proveDatasetRow(at('data.csv'), { dir: folder.path, row })
      assert.deepEqual(JSON.parse(proof.row), [
        `text ${row - 1}, "quoted" é 日本 \u{1f600}`,
        null,
        (row - 1) % 3 === 0 ? 'good' : 'bad',
      ])
      const checked = checkDatasetProof(proof.file, [{ root, rows }])
      assert.deepEqual([checked.valid, checked.isPlaceShown, checked.place], [true, true, row])
      assert.equal(checkDatasetProof(proof.file, [{ root, rows: null }]).isPlaceShown, false)
      writeFileSync(at('proof.json'), proof.file)
      const said = execFileSync('python3', [CHECK_ROW, at('proof.json'), root, String(rows)], { encoding: 'utf8' })
      assert.match(said, new RegExp(`^row ${row} of ${ROWS} was in the data`))
      const changed = { ...JSON.parse(proof.file), row: '["text 0",null,"bad"]' }
      writeFileSync(at('changed.json'), JSON.stringify(changed))
      assert.notEqual(spawnSync('python3', [CHECK_ROW, at('changed.json'), root, String(rows)]).status, 0)
      assert.equal(checkDatasetProof(JSON.stringify(changed), [{ root, rows }]).fault, 'other-root')
    }
  })

  it('is checked by the Python that docs/datasets.md shows', () => {
    const [, ...code] = readFileSync(CHECK_ROW, 'utf8').split('\n')
    const page = readFileSync(join(import.meta.dirname, '../../../../../docs/datasets.md'), 'utf8')
    assert.ok(page.includes(`\`\`\`python\n${code.join('\n')}\`\`\`\n`))
  })

  it('has no text of another row', async () => {
    const { file } = await proveDatasetRow(at('data.csv'), { dir: folder.path, row: 17 })
    assert.deepEqual(file.match(/text \d+/g), ['text 16'])
  })

  it('refuses a row that is not there', async () => {
    const proving = proveDatasetRow(at('data.csv'), { dir: folder.path, row: ROWS + 1 })
    await assert.rejects(proving, (error) => isColdmeshError(error, 'bad-input'))
  })
})

describe('compareDataset', () => {
  it('knows the data, and names where others differ, as far as a proof tells', async () => {
    const { root, rows } = await commitDataset(at('data.csv'), { saltFile: at('set.salt') })
    const options = { saltFile: at('set.salt'), against: [{ root, rows }] }
    assert.equal((await compareDataset(at('data.csv'), options)).isSame, true)
    const changed = Array.from({ length: ROWS }, (_, i) => (i === 20 ? rowOf(1000) : rowOf(i)))
    writeFileSync(at('changed.csv'), table(changed))
    const blind = await compareDataset(at('changed.csv'), options)
    assert.deepEqual([blind.isSame, blind.different], [false, null])
    const spansFor = async (row: number, path = 'changed.csv') => {
      const { file: proof } = await proveDatasetRow(at('data.csv'), { saltFile: at('set.salt'), row })
      return (await compareDataset(at(path), { ...options, proof })).different
    }
    assert.deepEqual(await spansFor(21), [{ first: 21, last: 21 }])
    assert.deepEqual(await spansFor(22), [{ first: 21, last: 21 }])
    assert.deepEqual(await spansFor(17), [{ first: 21, last: 24 }])
    assert.deepEqual(await spansFor(300), [{ first: 1, last: 256 }])
    writeFileSync(at('short.csv'), table(changed.slice(0, 250)))
    const short = await compareDataset(at('short.csv'), options)
    assert.deepEqual([short.rows, short.expectedRows, short.isSame], [250, 300, false])
    assert.deepEqual(await spansFor(21, 'short.csv'), [
      { first: 21, last: 21 },
      { first: 129, last: 256 },
    ])
  })

  it('is not the same where the rows are stated otherwise', async () => {
    const { root, rows } = await commitDataset(at('data.csv'), { saltFile: at('set.salt') })
    const options = { saltFile: at('set.salt'), against: [{ root, rows: rows + 1 }] }
    assert.equal((await compareDataset(at('data.csv'), options)).isSame, false)
  })
})

describe('readCommitments', () => {
  it('gives those of a lineage and of one contribution, and refuses a signature that does not hold', async () => {
    const chain = await threeRounds()
    const base = chain.entries[0]?.base ?? assert.fail()
    const lineage = await readLineage(chain.store, base)
    writeFileSync(at('lineage.cbor'), lineageDeclaration.encode(lineage))
    const all = await readCommitments(folder.path)
    assert.equal(all.length, lineage.inputs.length)
    assert.deepEqual(
      [...new Set(all.map(({ root, rows, dataset }) => `${root} ${rows} ${dataset}`))],
      [`${'07'.repeat(32)} 100 reviews`],
    )
    const envelope = lineage.inputs[0] ?? assert.fail()
    writeFileSync(at('one'), envelope)
    assert.deepEqual(
      await readCommitments(at('one')),
      all.filter(({ contribution: id }) => id === all[0]?.contribution),
    )
    assert.equal(contribution.kind, 'contribution/1')
    writeFileSync(at('one'), envelope.with(envelope.length - 1, (envelope.at(-1) ?? 0) ^ 1))
    await assert.rejects(readCommitments(at('one')), (error) => isColdmeshError(error, 'not-valid'))
    for (const text of ['', 'x', 'x'.repeat(2_000_000)]) {
      writeFileSync(at('one'), text)
      await assert.rejects(readCommitments(at('one')), (error) => isColdmeshError(error, 'bad-input'))
    }
  })
})
