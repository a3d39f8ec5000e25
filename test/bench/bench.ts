import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { holds, markdownTable, type Row, type Rows, type Size, textTable } from './report.ts'

/**
 * Each step of the weights' path beside a yardstick that was measured in the same run: ratios say more than seconds.
 *
 *     npm run bench -- --sizes 90MB,500MB,2.5GB
 *     npm run bench -- --only fusion,store --sizes 14GB     needs free disk of about ten times the size
 *     npm run bench -- --json                               a line for each row, as it is known
 *     npm run bench -- --write                              puts the table into docs/performance.md
 *
 * A step is a folder beside this file with a `rows.ts`. Ends with 1 when something falls short, for --strict.
 */
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '90MB' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    scratch: { type: 'string', default: tmpdir() },
  },
})
const PAGE = join(import.meta.dirname, '../../docs/performance.md')
const BEGIN = '<!-- made by npm run bench -->'
const END = '<!-- end -->'

const steps = await findSteps()
const wanted = values.only?.split(',') ?? steps
const unknown = wanted.filter((name) => !steps.includes(name))
if (unknown.length > 0) throw new Error(`no such step: ${unknown.join(', ')}; there are ${steps.join(', ')}`)
const sizes = values.sizes.split(',').map(parseSize)
const rows: Row[] = []
for (const step of wanted) {
  const scratch = await mkdtemp(join(values.scratch, 'coldmesh-bench-'))
  try {
    const module: { readonly rows: Rows } = await import(join(import.meta.dirname, step, 'rows.ts'))
    for await (const row of module.rows({ sizes, scratch, say: (line) => console.error(`${step}: ${line}`) })) {
      rows.push(row)
      if (values.json) console.log(JSON.stringify({ ...row, holds: holds(row) }))
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
if (!values.json) console.log(textTable(rows))
if (values.write) await writeTable()
if (values.strict && rows.some((row) => holds(row) === false)) process.exitCode = 1

async function findSteps(): Promise<string[]> {
  const entries = await readdir(import.meta.dirname, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(import.meta.dirname, entry.name, 'rows.ts')))
    .map(({ name }) => name)
    .sort()
}

function parseSize(name: string): Size {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(MB|GB)$/.exec(name) ?? []
  if (number === undefined) throw new Error(`--sizes takes sizes such as 90MB,2.5GB, not "${name}"`)
  return { name, bytes: Math.round(Number(number) * (unit === 'GB' ? 1e9 : 1e6)) }
}

async function writeTable(): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the table`)
  const machine = `Node ${process.version}, ${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'})`
  const command = `npm run bench -- --sizes ${values.sizes}${values.only === undefined ? '' : ` --only ${values.only}`}`
  const table = `${BEGIN}\n\n\`${command}\` on ${machine}:\n\n${markdownTable(rows)}\n\n`
  await writeFile(PAGE, page.slice(0, from) + table + page.slice(to))
}
