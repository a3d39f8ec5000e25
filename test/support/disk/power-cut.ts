import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type DiskStep, watchDisk } from './steps.ts'

/** What a power cut may leave of writes that were not synced: file systems differ, and order them as they like. */
export const LOSSES = [
  'nothing unsynced',
  'names without data',
  'names with zeros',
  'data without names',
  'all',
] as const
export type Loss = (typeof LOSSES)[number]

interface File {
  content: Buffer
  /** What a sync has brought to the disk. */
  synced: Buffer
}

interface Names {
  readonly files: Map<string, File>
  readonly folders: Set<string>
}

/** Everything that was done to a directory, and when it was said to be done. */
export interface Recording {
  readonly before: ReadonlyMap<string, Buffer>
  readonly steps: readonly DiskStep[]
}

/** Runs `work` on a directory and records its steps; the last one ends before `work` resolves. */
export async function recordDisk(directory: string, work: () => Promise<unknown>): Promise<Recording> {
  const before = await readAll(directory)
  const steps: DiskStep[] = []
  const stop = await watchDisk(directory, async (step, perform) => {
    const result = await perform()
    steps.push(step)
    return result
  })
  try {
    await work()
  } finally {
    stop()
  }
  return { before, steps }
}

/** Writes into `directory` what is left when the power fails after the first `count` steps. */
export async function afterPowerCut(
  { before, steps }: Recording,
  { count, loss, directory }: { readonly count: number; readonly loss: Loss; readonly directory: string },
): Promise<void> {
  const now: Names = { files: new Map(), folders: new Set() }
  for (const [path, content] of before) {
    now.files.set(path, { content, synced: content })
    now.folders.add(dirname(path))
  }
  const synced: Names = { files: new Map(now.files), folders: new Set(now.folders) }
  for (const step of steps.slice(0, count)) apply(step, now, synced)
  const left = loss === 'nothing unsynced' || loss === 'data without names' ? synced : now
  for (const [path, file] of left.files) {
    if (left === synced && !isReachable(path, synced.folders)) continue
    await mkdir(join(directory, dirname(path)), { recursive: true })
    await writeFile(join(directory, path), contentOf(file, loss), { mode: 0o600 })
  }
}

function contentOf({ content, synced }: File, loss: Loss): Buffer {
  if (loss === 'all' || loss === 'data without names') return content
  if (loss !== 'names with zeros') return synced
  return Buffer.concat([synced, Buffer.alloc(Math.max(0, content.length - synced.length))])
}

function apply({ op, path, to, bytes, at = 0 }: DiskStep, now: Names, synced: Names): void {
  const file = now.files.get(path)
  if (op === 'create') now.files.set(path, { content: Buffer.alloc(0), synced: Buffer.alloc(0) })
  if (op === 'mkdir') for (let made = path; made !== '.'; made = dirname(made)) now.folders.add(made)
  if (op === 'unlink') now.files.delete(path)
  if (op === 'sync-directory') syncNames(path, now, synced)
  if (!file) return
  if (op === 'write' && bytes) {
    const grown = Buffer.concat([file.content, Buffer.alloc(Math.max(0, at + bytes.length - file.content.length))])
    grown.set(bytes, at)
    file.content = grown
  }
  if (op === 'truncate') file.content = file.content.subarray(0, at)
  if (op === 'sync') file.synced = file.content
  if (to !== undefined) now.files.set(to, file)
  if (op === 'rename') now.files.delete(path)
}

function syncNames(folder: string, now: Names, synced: Names): void {
  for (const path of synced.files.keys()) if (dirname(path) === folder) synced.files.delete(path)
  for (const [path, file] of now.files) if (dirname(path) === folder) synced.files.set(path, file)
  for (const path of now.folders) if (dirname(path) === folder) synced.folders.add(path)
}

function isReachable(path: string, folders: ReadonlySet<string>): boolean {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) if (!folders.has(folder)) return false
  return true
}

async function readAll(directory: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found.set(path.slice(directory.length + 1), await readFile(path))
  }
  return found
}
