import { readFileSync, writeFileSync } from 'node:fs'
import { TABLES } from './tables.ts'

/** Prints the tables of docs/scale.md; with `--write` puts them there. */
const PAGE = new URL('../../../docs/scale.md', import.meta.url)

let page = readFileSync(PAGE, 'utf8')
for (const [name, make] of Object.entries(TABLES)) {
  const startedAt = process.cpuUsage().user
  const text = make()
  const [begin, end] = [`<!-- table: ${name} -->\n`, '\n<!-- end of table -->']
  const from = page.indexOf(begin)
  if (from < 0) throw new Error(`docs/scale.md has no table ${name}`)
  page = page.slice(0, from + begin.length) + text + page.slice(page.indexOf(end, from))
  console.log(`\n${name} (${((process.cpuUsage().user - startedAt) / 1e6).toFixed(1)} s of CPU)\n\n${text}`)
}
if (process.argv.includes('--write')) writeFileSync(PAGE, page)
