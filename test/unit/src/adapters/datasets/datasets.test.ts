import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataset } from '../../../../../src/adapters/datasets/index.ts'
import { type ErrorCode, isColdmeshError } from '../../../../../src/ports/errors.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-datasets-'))
after(() => rm(folder, { recursive: true }))
let files = 0

async function file(extension: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, `data${files++}${extension}`)
  await writeFile(path, content)
  return path
}

async function rejects(promise: Promise<unknown>, code: ErrorCode, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isColdmeshError(error, code), String(error))
    const told = `${error.message} / ${error.hint}`
    for (const pattern of patterns) assert.match(told, pattern)
    return true
  })
}

const GOOD = 'text,label\ngood,a\nfine,a\nbad,b\nawful,b\n'

describe('a table', () => {
  it('reads texts and labels, with quotes, line breaks inside values, CRLF and a byte order mark', async () => {
    const path = await file('.csv', '\ufefftext,label\r\n"one, ""two""\nthree",b\r\nfour,a\r\nfive,a\r\nsix,b\r\n')
    const dataset = await openDataset(path)
    assert.deepEqual(dataset, {
      name: `data${files - 1}`,
      labels: ['a', 'b'],
      examples: [
        { text: 'one, "two"\nthree', label: 'b' },
        { text: 'four', label: 'a' },
        { text: 'five', label: 'a' },
        { text: 'six', label: 'b' },
      ],
    })
  })

  it('reads the columns it is told, pairs too, and another delimiter', async () => {
    const path = await file('.csv', 'id;q;a;ok\n1;who;me;1\n2;what;it;0\n3;why;so;1\n4;how;well;0\n')
    const dataset = await openDataset(path, { text: 'q', pair: 'a', label: 'ok', name: 'answers', delimiter: ';' })
    assert.equal(dataset.name, 'answers')
    assert.deepEqual(dataset.labels, ['0', '1'])
    assert.deepEqual(dataset.examples[0], { text: 'who', pair: 'me', label: '1' })
  })

  it('reads tabs in .tsv, and quotation marks inside values', async () => {
    const path = await file('.tsv', 'sentence\tlabel\nsay "hi", now\tx\nb\tx\nc\ty\nd\ty\n')
    assert.equal((await openDataset(path)).examples[0]?.text, 'say "hi", now')
  })

  it('guesses columns by their usual names, and the text as what is left beside the label', async () => {
    const pairs = await file('.csv', 'Sentence1,sentence2,Label\na,b,x\nc,d,x\ne,f,y\ng,h,y\n')
    assert.deepEqual((await openDataset(pairs)).examples[0], { text: 'a', pair: 'b', label: 'x' })
    const odd = await file('.csv', 'tweet,class\na,x\nb,x\nc,y\nd,y\n')
    assert.deepEqual((await openDataset(odd)).examples[0], { text: 'a', label: 'x' })
  })

  it('sorts labels by code unit', async () => {
    const path = await file('.csv', 'text,label\n1,b\n2,b\n3,B\n4,B\n5,10\n6,10\n7,9\n8,9\n')
    assert.deepEqual((await openDataset(path)).labels, ['10', '9', 'B', 'b'])
  })

  it('rejects ambiguous and wrong columns, listing those that there are', async () => {
    await rejects(openDataset(await file('.csv', GOOD), { text: 'txt' }), 'bad-input', /"txt"/, /"text", "label"/)
    const two = await file('.csv', 'text,sentence,label\na,b,x\n')
    await rejects(openDataset(two), 'bad-input', /which column is the text/, /"sentence"/)
    const none = await file('.csv', 'a,b\n1,2\n')
    await rejects(openDataset(none), 'bad-input', /which column is the label/)
    await rejects(openDataset(await file('.csv', GOOD), { text: 'label' }), 'bad-input', /different columns/)
  })

  it('rejects an empty text or label and a wrong number of values, with the line', async () => {
    await rejects(openDataset(await file('.csv', `${GOOD}  ,a\n`)), 'bad-input', /line 6: the text is empty/)
    await rejects(openDataset(await file('.csv', `${GOOD}x,\n`)), 'bad-input', /line 6: the label is empty/)
    await rejects(
      openDataset(await file('.csv', `${GOOD}"two\nlines",a\n,a\n`)),
      'bad-input',
      /line 8: the text is empty/,
    )
    await rejects(openDataset(await file('.csv', `${GOOD}x,a,b\n`)), 'bad-input', /line 6: .*number of values/)
    await rejects(
      openDataset(await file('.csv', `${GOOD}"x,a\n`)),
      'bad-input',
      /line 6: a quotation mark .* never closed/,
    )
  })

  it('rejects a quotation mark that never closes before it has read a large file', async () => {
    const path = await file('.csv', `${GOOD}"${'x,a\n'.repeat(600_000)}`)
    await rejects(openDataset(path), 'bad-input', /more than 1000000 characters/)
  })
})

describe('lines of JSON', () => {
  it('reads an object a line, numbers and truth values as labels, blank lines skipped', async () => {
    const rows = [
      { text: 'a', label: 1 },
      { text: 'b', label: 1 },
      { text: 'c', label: true },
      { text: 'd', label: true },
    ]
    const path = await file('.jsonl', `\n${rows.map((row) => JSON.stringify(row)).join('\r\n\n')}`)
    const dataset = await openDataset(path, { name: 'rows' })
    assert.deepEqual(dataset.labels, ['1', 'true'])
    assert.equal(dataset.examples.length, 4)
    assert.equal(dataset.name, 'rows')
  })

  it('rejects a line that is not a JSON object, with its number', async () => {
    const good = '{"text":"a","label":"x"}\n'
    await rejects(openDataset(await file('.jsonl', `${good}{"text":`)), 'bad-input', /line 2: .*not valid JSON/)
    await rejects(openDataset(await file('.jsonl', `${good}[1]\n`)), 'bad-input', /line 2: .*not a JSON object/)
    await rejects(openDataset(await file('.jsonl', `${good}{"label":"x"}\n`)), 'bad-input', /line 2: the text is empty/)
    const nested = '{"text":"b","label":{"name":"x"}}\n'
    await rejects(openDataset(await file('.jsonl', good + nested)), 'bad-input', /line 2: the label is neither/)
  })

  // fault 66
  it('takes no field from an object prototype', async () => {
    const path = await file('.jsonl', '{"text":"a","label":"x"}\n')
    await rejects(openDataset(path, { label: 'constructor' }), 'bad-input', /"constructor"/)
  })
})

describe('openDataset', () => {
  it('rejects other extensions, naming the supported ones', async () => {
    await rejects(openDataset(await file('.xml', '<a/>')), 'bad-input', /\.csv, \.tsv, \.jsonl or \.parquet/)
    await rejects(openDataset(await file('.jsonl', '{}'), { delimiter: ';' }), 'bad-input', /delimiter/)
  })

  it('rejects a missing file and a folder', async () => {
    await rejects(openDataset(join(folder, 'none.csv')), 'bad-input', /no file/)
    await rejects(openDataset(folder), 'bad-input', /no folders of texts/)
  })

  it('rejects what is not UTF-8, with the line', async () => {
    const bytes = Buffer.concat([Buffer.from(GOOD), Buffer.from([0xe9, 0x0a])])
    await rejects(openDataset(await file('.csv', bytes)), 'bad-input', /isn't UTF-8/)
    await rejects(openDataset(await file('.jsonl', Buffer.from('\ufeff{}', 'utf16le'))), 'bad-input', /isn't UTF-8/)
  })

  it('rejects an empty dataset, one label, too many labels, and labels with one text', async () => {
    await rejects(openDataset(await file('.csv', '')), 'bad-dataset', /no rows/)
    await rejects(openDataset(await file('.csv', 'text,label\n')), 'bad-dataset', /no rows/)
    await rejects(openDataset(await file('.csv', 'text,label\na,x\nb,x\n')), 'bad-dataset', /one label only, "x"/)
    const many = Array.from({ length: 1_001 }, (_, index) => `a${index},${index}\nb${index},${index}\n`).join('')
    await rejects(openDataset(await file('.csv', `text,label\n${many}`)), 'bad-dataset', /1001 different labels/)
    await rejects(openDataset(await file('.csv', `${GOOD}a,c\na,c\n`)), 'bad-dataset', /single text: "c"/)
  })
})
