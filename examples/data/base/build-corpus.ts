// Writes the pretraining text as JSON lines: node examples/data/base/build-corpus.ts SCRATCH > corpus.jsonl
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { loadSources } from '../sources/load.ts'
import { textKey } from '../sources/split.ts'
import { TASKS } from '../tasks/definitions.ts'
import { buildCorpus } from './corpus.ts'

const packages = process.argv[2]
if (packages === undefined) throw new Error('give the folder whose node_modules holds the packages')

const heldOut = new Set<string>()
// Addresses are in the corpus whole, and first names are words of it.
for (const { name } of TASKS.filter(({ isTextPretrained }) => !isTextPretrained)) {
  for (const split of ['validation', 'test']) {
    const file = join(import.meta.dirname, '../tasks', name, `${split}.csv`)
    const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true })
    for (const { text = '', pair } of rows) heldOut.add(textKey(pair ?? text))
  }
}
const corpus = buildCorpus(await loadSources(packages), heldOut)
for (const entry of corpus) process.stdout.write(`${JSON.stringify(entry)}\n`)
console.error(`${corpus.length} entries, ${heldOut.size} held-out texts kept out`)
