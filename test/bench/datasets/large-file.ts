import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { completePlan, createTrainer, openTrainingData, readModelDirectory } from 'coldmesh'

// Trains on a file larger than the heap. The file (JSON lines) is written when it isn't there. Prints times and the peak of memory of the whole
// process as JSON lines: COLDMESH_MEMORY_TOKENS=8000000 node --max-old-space-size=256 --conditions=coldmesh-source
//   test/bench/datasets/large-file.ts FILE.jsonl [GIGABYTES] [CHARACTERS]
// With CHARACTERS, so many are few enough for memory, and COLDMESH_MEMORY_TOKENS numbers. Twenty steps train on a sample of the rows.

const WORDS =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you'.split(
    ' ',
  )
const ROW_CHARACTERS = 400
const ROWS_AT_ONCE = 5_000

const [path, gigabytes = '2', characters] = process.argv.slice(2)
if (path === undefined) throw new Error('give the name of a file')
if (!existsSync(path)) write(path, Number(gigabytes) * 1e9)

const started = performance.now()
const tell = (what: string, facts: object = {}) => {
  const seconds = Math.round((performance.now() - started) / 1_000)
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1_024)
  process.stdout.write(`${JSON.stringify({ what, seconds, peakMegabytes, ...facts })}\n`)
}

const model = await readModelDirectory('examples/data/base/model')
tell('model', { fileMegabytes: Math.round(statSync(path).size / 1e6) })
const dataset = await openTrainingData(path, characters === undefined ? {} : { memoryCharacters: Number(characters) })
tell('opened', { rows: dataset.examples.length, isInMemory: Array.isArray(dataset.examples), labels: dataset.labels })
const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
try {
  const plan = completePlan({ steps: 20, evaluateEvery: 0, maxTokens: 64 })
  const { rows, steps, validation } = await trainer.train({ model, head: null, dataset, plan })
  tell('trained', { rows, steps, validation: validation.rows })
} finally {
  await trainer.stop()
}

function write(file: string, bytes: number): void {
  mkdirSync(dirname(file), { recursive: true })
  const descriptor = openSync(`${file}.part`, 'w')
  let row = 0
  let written = 0
  while (written < bytes) {
    const rows = Array.from({ length: ROWS_AT_ONCE }, () => {
      const line = JSON.stringify({ text: textOf(row), label: row % 2 ? 'odd' : 'even' })
      row++
      return `${line}\n`
    })
    written += writeSync(descriptor, rows.join(''))
  }
  closeSync(descriptor)
  renameSync(`${file}.part`, file)
}

function textOf(row: number): string {
  let text = `row ${row}`
  for (let at = row; text.length < ROW_CHARACTERS; at += 1 + (row % 7)) text += ` ${WORDS[at % WORDS.length]}`
  return text
}
