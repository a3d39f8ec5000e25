import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readBytes } from '../../../../../src/adapters/datasets/bytes.ts'
import { classNamesIn } from '../../../../../src/adapters/datasets/class-names.ts'
import { openDataset, openTrainingData, readExamples } from '../../../../../src/adapters/datasets/index.ts'
import { type ErrorCode, isColdmeshError } from '../../../../../src/ports/errors.ts'

const FIXTURES = new URL('../../../../fixtures/datasets/', import.meta.url).pathname
const folder = await mkdtemp(join(tmpdir(), 'coldmesh-formats-'))
after(() => rm(folder, { recursive: true }))
let files = 0

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${files++}`, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

async function rejects(promise: Promise<unknown>, code: ErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isColdmeshError(error, code), String(error))
    assert.match(error.message, pattern)
    return true
  })
}

const metadata = (value: string) => ({ key_value_metadata: [{ key: 'huggingface', value }] })

const TABLE = 'text,label\ngood,a\nfine,a\nbad,b\nawful,b\n'

describe('Parquet', () => {
  it('is read over row groups, dictionaries and compressions, integers as labels', async () => {
    for (const name of ['snappy', 'zstd']) {
      const { examples, labels } = await openDataset(join(FIXTURES, `${name}.parquet`), { label: 'label' })
      assert.deepEqual(labels, ['0', '1', '2'])
      assert.equal(examples.length, 30)
      assert.deepEqual(examples[29], { text: 'text 29, größer', label: '2' })
    }
  })

  it('has lists as labels, and numbers', async () => {
    const path = join(FIXTURES, 'snappy.parquet')
    const lists = await openDataset(path, { label: 'topics' })
    assert.equal(lists.task, 'multi-label')
    assert.deepEqual(lists.labels, ['a', 'b'])
    assert.deepEqual(
      lists.examples.slice(0, 3).map(({ label }) => label),
      [[], ['a', 'b'], ['a']],
    )
    const scores = await openDataset(path, { label: 'score' })
    assert.equal(scores.task, 'regression')
    assert.deepEqual(scores.labels, [])
    assert.equal(scores.examples[7]?.label, 1)
  })

  it("has its labels' names where Hugging Face's datasets wrote it: one a row, or lists", async () => {
    const path = join(FIXTURES, 'classes.parquet')
    const named = await openDataset(path, { label: 'label' })
    assert.deepEqual(named.labels, ['negative', 'neutral', 'positive'])
    assert.deepEqual(
      named.examples.slice(0, 4).map(({ label }) => label),
      ['negative', 'neutral', 'positive', 'negative'],
    )
    const lists = await openDataset(path, { label: 'topics' })
    assert.deepEqual([lists.task, lists.labels], ['multi-label', ['price', 'service']])
    assert.deepEqual(lists.examples[2]?.label, ['price', 'service'])
    const labelMap = { 0: 'bad', 1: 'so-so', 2: 'good' }
    assert.deepEqual((await openDataset(path, { label: 'label', labelMap })).labels, ['bad', 'good', 'so-so'])
    assert.deepEqual((await openDataset(path, { label: 'stars' })).labels, ['0', '1'])
    const numbers = await openDataset(path, { label: 'label', taskType: 'regression' })
    assert.deepEqual([numbers.labels, numbers.examples[2]?.label], [[], 2])
    const stored = await openTrainingData(path, { label: 'label', memoryCharacters: 0 })
    assert.deepEqual(await Array.fromAsync(readExamples(stored.examples)), named.examples)
  })

  it('has no names where the metadata says something else', () => {
    const inMetadata = (features: unknown) => classNamesIn(metadata(JSON.stringify({ info: { features } })))
    assert.deepEqual([...inMetadata({ a: { _type: 'ClassLabel', names: ['x', 'y'] } })], [['a', ['x', 'y']]])
    const sequence = { feature: { _type: 'ClassLabel', names: ['x'] }, _type: 'Sequence' }
    assert.deepEqual([...inMetadata({ a: sequence, b: [sequence.feature] })].length, 2)
    for (const feature of [
      null,
      'text',
      [],
      { _type: 'ClassLabel' },
      { _type: 'ClassLabel', names: [1] },
      { names: [] },
    ]) {
      assert.deepEqual([...inMetadata({ a: feature })], [])
    }
    for (const text of ['', '{', '[]', '{"info":null}']) assert.deepEqual([...classNamesIn(metadata(text))], [])
  })

  it('is refused with the row where a value is null', async () => {
    await rejects(
      openDataset(join(FIXTURES, 'null.parquet'), { label: 'label' }),
      'bad-input',
      /row 13: the text is empty/,
    )
  })

  it('is refused when it is cut off, or is something else', async () => {
    const whole = await readFile(join(FIXTURES, 'snappy.parquet'))
    const path = await write('cut.parquet', whole)
    for (const bytes of [whole.length - 1, whole.length >> 1, 10, 3, 0]) {
      await truncate(path, bytes)
      await rejects(openDataset(path), 'bad-input', /can't be read as Parquet: it is damaged, incomplete/)
    }
    await rejects(openDataset(await write('text.parquet', TABLE)), 'bad-input', /can't be read as Parquet/)
    const hole = Buffer.from(whole).fill(0, 4, whole.length - 1_500)
    await rejects(
      openDataset(await write('hole.parquet', hole), { label: 'label' }),
      'bad-input',
      /can't be read as Parquet/,
    )
  })

  it('is unpacked when it was packed again', async () => {
    const whole = await readFile(join(FIXTURES, 'zstd.parquet'))
    const path = await write('rows.parquet.gz', gzipSync(whole))
    assert.equal((await openDataset(path, { label: 'label' })).examples.length, 30)
  })
})

describe('a folder of texts', () => {
  async function texts(...paths: readonly string[]): Promise<string> {
    const root = join(folder, `${files++}`)
    for (const path of paths) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      const text = `text of ${path}\n`
      await writeFile(join(root, path), path.endsWith('.gz') ? gzipSync(text) : text)
    }
    return root
  }

  it('is a row a file, with the label of its folder', async () => {
    const path = await texts('pos/2.txt', 'pos/1.txt', 'neg/1.txt', 'neg/2.txt.gz', 'neg/notes.md', '.hidden/1.txt')
    const { examples, labels, validation } = await openDataset(path)
    assert.deepEqual(labels, ['neg', 'pos'])
    assert.deepEqual(
      examples.map(({ text, label }) => [label, text]),
      [
        ['neg', 'text of neg/1.txt'],
        ['neg', 'text of neg/2.txt.gz'],
        ['pos', 'text of pos/1.txt'],
        ['pos', 'text of pos/2.txt'],
      ],
    )
    assert.equal(validation, undefined)
  })

  it('is split by folders: train and validation, test is left alone', async () => {
    const split = (part: string) =>
      ['pos', 'neg'].flatMap((label) => [`${part}/${label}/1.txt`, `${part}/${label}/2.txt`])
    const both = await openDataset(await texts(...split('train'), ...split('dev'), ...split('test')))
    assert.equal(both.examples.length, 4)
    assert.equal(both.validation?.[0]?.text, 'text of dev/neg/1.txt')
    const { examples, validation } = await openDataset(await texts(...split('train'), ...split('test')))
    assert.equal(examples.length, 4)
    assert.equal(validation, undefined)
    // A label may be called so.
    assert.deepEqual((await openDataset(await texts('train/1.txt', 'train/2.txt', 'bus/1.txt', 'bus/2.txt'))).labels, [
      'bus',
      'train',
    ])
  })

  it('is refused with the file that is empty or not UTF-8', async () => {
    const path = await texts('a/1.txt', 'a/2.txt', 'b/1.txt', 'b/2.txt')
    await writeFile(join(path, 'b/2.txt'), ' \n')
    await rejects(openDataset(path), 'bad-input', /b\/2\.txt: the text is empty/)
    await writeFile(join(path, 'b/2.txt'), Buffer.from([0x66, 0x0a, 0xff]))
    await rejects(openDataset(path), 'bad-input', /b\/2\.txt, line 2: it isn't UTF-8/)
  })
})

describe('a packed file', () => {
  it('is read like what is in it', async () => {
    const { examples, name } = await openDataset(await write('reviews.csv.gz', gzipSync(TABLE)))
    assert.deepEqual([name, examples.length], ['reviews', 4])
    const tabs = await openDataset(await write('reviews.tsv.gz', gzipSync(TABLE.replaceAll(',', '\t'))))
    assert.equal(tabs.examples.length, 4)
    const lines = TABLE.split('\n')
      .slice(1, 5)
      .map((line) => JSON.stringify({ text: line.split(',')[0], label: line.split(',')[1] }))
    assert.equal((await openDataset(await write('r.jsonl.gz', gzipSync(lines.join('\n'))))).examples.length, 4)
    // Files packed one by one and put together are one file.
    const two = Buffer.concat([gzipSync(TABLE), gzipSync('more,a\nless,b\n')])
    assert.equal((await openDataset(await write('two.csv.gz', two))).examples.length, 6)
  })

  it('is refused when it is cut off or not packed', async () => {
    const packed = gzipSync(TABLE.repeat(50))
    await rejects(openDataset(await write('cut.csv.gz', packed.subarray(0, -20))), 'bad-input', /can't be unpacked/)
    await rejects(openDataset(await write('plain.csv.gz', TABLE)), 'bad-input', /can't be unpacked/)
  })

  it('is refused when it unpacks to far more than text does', async () => {
    const path = await write('bomb.csv.gz', gzipSync(Buffer.alloc(70 * 1024 ** 2), { level: 9 }))
    await rejects(
      Array.fromAsync(readBytes(path), ({ length }) => length),
      'too-large',
      /unpacks to more than 67108864 bytes/,
    )
  })
})

describe('a row', () => {
  it('is refused with its line when it is longer than a text is', async () => {
    const long = 'x'.repeat(10_000_000)
    await rejects(
      openDataset(await write('long.csv', `${TABLE}${long},a\n`)),
      'bad-input',
      /line 6: the row has more than/,
    )
    const lines = `{"text":"a","label":"b"}\n{"text":"${long}","label":"b"}\n`
    await rejects(openDataset(await write('long.jsonl', lines)), 'bad-input', /line 2: the row has more than/)
  })

  it('is refused with its line when it is not UTF-8 in the middle of a file', async () => {
    const before = Array.from({ length: 20_000 }, (_, row) => `a text of row ${row},${row % 2}\n`).join('')
    const bytes = Buffer.concat([
      Buffer.from(`text,label\n${before}caf`),
      Buffer.from([0xe9]),
      Buffer.from(`,1\n${before}`),
    ])
    await rejects(openDataset(await write('latin.csv', bytes)), 'bad-input', /line 20002: it isn't UTF-8/)
    await rejects(
      openDataset(await write('latin.jsonl', Buffer.from([0x7b, 0xff, 0x7d]))),
      'bad-input',
      /line 1: it isn't UTF-8/,
    )
  })

  it('is refused with the line where its quotation mark opens', async () => {
    await rejects(
      openDataset(await write('open.csv', `${TABLE}"never\nclosed,a\nx,b\n`)),
      'bad-input',
      /line 6: a quotation mark .* never closed/,
    )
  })
})

describe('labels', () => {
  const rows = (labels: readonly unknown[]) =>
    labels.map((label, row) => JSON.stringify({ text: `text ${row}`, label })).join('\n')
  const lines = (...labels: readonly unknown[]) => write('labels.jsonl', rows(labels))

  it('get the names of a map, and a value that it lacks is refused', async () => {
    const labelMap = { 0: 'negative', 1: 'positive' }
    const { labels, examples } = await openDataset(await lines(0, 1, 0, '1'), { labelMap })
    assert.deepEqual(labels, ['negative', 'positive'])
    assert.equal(examples[1]?.label, 'positive')
    await rejects(
      openDataset(await lines(0, 1, 0, 1, 2), { labelMap }),
      'bad-input',
      /line 5: the label "2" isn't in the label map/,
    )
    const lists = await openDataset(await lines([0], [1, 0], [1], [0]), { labelMap })
    assert.deepEqual(lists.examples[1]?.label, ['negative', 'positive'])
  })

  it('may be several: lists, or joined by what is told or plain to see', async () => {
    const csv = await write('l.csv', 'text,label\na,x;y\nb,x\nc,y;y\nd,\n')
    const told = await openDataset(csv, { labelSeparator: ';' })
    assert.equal(told.task, 'multi-label')
    assert.deepEqual(
      told.examples.map(({ label }) => label),
      [['x', 'y'], ['x'], ['y'], []],
    )
    const guessed = await openDataset(await lines('x|y', 'x', 'y', 'x', 'y'))
    assert.equal(guessed.task, 'multi-label')
    assert.deepEqual(guessed.examples[0]?.label, ['x', 'y'])
    // A part that never stands alone: perhaps the sign is part of the label.
    const whole = await openDataset(await lines('x|y', 'x', 'x|y', 'x'))
    assert.equal(whole.task, undefined)
    assert.deepEqual(whole.labels, ['x', 'x|y'])
    await rejects(openDataset(csv, { labelSeparator: ';', taskType: 'regression' }), 'bad-input', /no separator/)
  })

  it('may be numbers: told, or many with fractions', async () => {
    const told = await openDataset(await lines(1, '2.5', 4), { taskType: 'regression' })
    assert.deepEqual([told.task, told.labels, told.examples.map(({ label }) => label)], ['regression', [], [1, 2.5, 4]])
    await rejects(
      openDataset(await lines(1, 'high'), { taskType: 'regression' }),
      'bad-input',
      /line 2: the label "high" is not a number/,
    )
    const many = Array.from({ length: 21 }, (_, index) => index + 0.5)
    assert.equal((await openDataset(await lines(...many))).task, 'regression')
    await rejects(openDataset(await lines(...many.slice(1))), 'bad-dataset', /single text/)
    await rejects(openDataset(await lines(...many, 'none')), 'bad-dataset', /single text/)
    const ratings = await openDataset(await lines(1, 2, 1, 2, 1.5, 1.5))
    assert.deepEqual(ratings.labels, ['1', '1.5', '2'])
  })

  it('that are not there are refused, or left out and counted', async () => {
    const path = await lines('x', 'y', null, 'x', '', 'y', -1, '-')
    await rejects(openDataset(path), 'bad-input', /line 3: the label is empty/)
    const { examples, labels, skipped } = await openDataset(path, { skipUnlabelled: true })
    assert.deepEqual([examples.length, labels, skipped], [4, ['x', 'y'], 4])
    const numbers = await openDataset(await lines(-1, 0.5, 1, ''), { taskType: 'regression', skipUnlabelled: true })
    assert.deepEqual([numbers.examples.length, numbers.skipped], [3, 1])
    const named = await openDataset(await lines(-1, 1, -1, 1), {
      labelMap: { '-1': 'bad', 1: 'good' },
      skipUnlabelled: true,
    })
    assert.equal(named.examples.length, 4)
  })

  it('of held-out rows must be among those to train on', async () => {
    const validation = await lines('x', 'y', 'x')
    const dataset = await openDataset(await lines('x', 'y'), { validation })
    assert.equal(dataset.validation?.length, 3)
    await rejects(
      openDataset(await lines('x', 'y'), { validation: await lines('x', 'z') }),
      'bad-input',
      /labels\.jsonl, line 2: no row to train on has the label "z"/,
    )
  })

  it('with a single text are named with their line', async () => {
    await rejects(
      openDataset(await lines('x', 'x', 'y', 'y', 'z')),
      'bad-dataset',
      /1 label\(s\) with a single text: "z" \(line 5\)/,
    )
  })
})
