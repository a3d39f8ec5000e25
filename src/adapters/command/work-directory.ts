import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeHead } from '../../checkpoint/safetensors.ts'
import type { Example } from '../../ports/dataset.ts'
import type { Head, Model } from '../../ports/trainer.ts'
import { FILES, type PlanFile, WEIGHTS_FILE } from './contract.ts'
import { onDisk } from './disk.ts'
import { writeWeights } from './weights-file.ts'

const LOGS = 'logs'
/** Marks a work directory that stays. */
const KEPT = '.kept'
const MAX_LOGS = 20
/** Rows of one write. */
const ROWS = 1_000
/** Names of what a run makes: who made it, and chance. */
const OWNED = /^(?:work|base)-(\d+)-[0-9a-f]+$/

/** A folder of this trainer's own inside `dir`, with the id of this process in its name, so that another one can clear up after a crash. */
export async function makeOwned(dir: string, kind: 'work' | 'base'): Promise<string> {
  const path = join(dir, `${kind}-${process.pid}-${randomBytes(6).toString('hex')}`)
  await onDisk('make', path, () => mkdir(path, { recursive: true, mode: 0o700 }))
  return path
}

/** Deletes what processes that are gone left of their runs. */
export async function clearOrphans(dir: string): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    const pid = Number(OWNED.exec(name)?.[1] ?? 0)
    const isKept = existsSync(join(dir, name, KEPT))
    if (pid > 0 && !isKept && !isAlive(pid)) await rm(join(dir, name), { recursive: true, force: true })
  }
}

/** Keeps a work directory under its name, which its plan.json has, with the base in place of the link to it. */
export async function keepWork(work: string, base: string | null): Promise<void> {
  await writeFile(join(work, KEPT), '')
  if (base === null) return
  const link = join(work, FILES.base)
  await rm(link, { force: true })
  await rename(base, link)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Path of a new log; of older ones the newest stay. */
export async function openLog(dir: string, now: Date): Promise<string> {
  const folder = join(dir, LOGS)
  await onDisk('make', folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort()
  for (const name of names.slice(0, Math.max(0, names.length - MAX_LOGS + 1)))
    await rm(join(folder, name), { force: true })
  return join(folder, `${now.toISOString().replaceAll(':', '-')}-${randomBytes(3).toString('hex')}.log`)
}

/** config.json, the tokenizer's files and model.safetensors. */
export async function writeBase(directory: string, { config, tokenizer, tokenizerConfig, body }: Model): Promise<void> {
  await writeJson(join(directory, 'config.json'), config)
  await writeJson(join(directory, 'tokenizer.json'), tokenizer)
  await writeJson(join(directory, 'tokenizer_config.json'), tokenizerConfig)
  await writeWeights(join(directory, WEIGHTS_FILE), body)
}

/** Rows by the name of their file, with labels where the program may see them. */
export type Rows = Readonly<Record<string, AsyncIterable<Omit<Example, 'label'>>>>

/** Everything that a run reads, in `work`; the base is a link. */
export async function writeInputs(
  work: string,
  inputs: {
    readonly base: string
    readonly head: Head | null
    readonly plan: PlanFile
    readonly rows: Rows
  },
): Promise<void> {
  const { base, head, plan, rows } = inputs
  await onDisk('write', work, async () => {
    await symlink(base, join(work, FILES.base), 'junction')
    await mkdir(join(work, FILES.out))
    if (head !== null) await writeFile(join(work, FILES.head), encodeHead(head))
    for (const [name, examples] of Object.entries(rows)) await writeRows(join(work, name), examples)
    await writeJson(join(work, FILES.plan), plan)
  })
}

async function writeRows(path: string, examples: Rows[string]): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  let lines: string[] = []
  const flush = async () => {
    await file.writeFile(lines.join(''))
    lines = []
  }
  for await (const example of examples) {
    lines.push(`${JSON.stringify(example)}\n`)
    if (lines.length === ROWS) await flush()
  }
  await flush()
}

async function writeJson(path: string, value: object): Promise<void> {
  await onDisk('write', path, () => writeFile(path, `${JSON.stringify(value, null, 2)}\n`))
}
