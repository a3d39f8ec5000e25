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
/** Or whatever comes of drawing for each write and each name by itself. */
export type Loss = (typeof LOSSES)[number] | { readonly seed: number }

interface File {
  content: Buffer
  /** What a sync has brought to the disk. */
  synced: Buffer
  /** What came since. */
  readonly unsynced: { readonly at: number; readonly bytes: Uint8Array }[]
}

interface Names {
  readonly files: Map<string, File>
  readonly folders: Set<string>
}

/** A file that got a name or lost one, the folder not synced since. */
interface NewName {
  readonly path: string
  readonly from: string | null
  readonly file: File | null
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
    now.files.set(path, { content, synced: content, unsynced: [] })
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) now.folders.add(folder)
  }
  const synced: Names = { files: new Map(now.files), folders: new Set(now.folders) }
  const renamed: NewName[] = []
  for (const step of steps.slice(0, count)) apply(step, { now, synced, renamed })
  const draw = typeof loss === 'string' ? () => true : drawing(loss.seed)
  const left = typeof loss === 'string' ? namesLeft(loss, now, synced) : someNames(synced, renamed, draw)
  for (const [path, file] of left.files) {
    if (left !== now && !isReachable(path, synced.folders)) continue
    await mkdir(join(directory, dirname(path)), { recursive: true })
    await writeFile(join(directory, path), contentOf(file, loss, draw), { mode: 0o600 })
  }
}

function namesLeft(loss: (typeof LOSSES)[number], now: Names, synced: Names): Names {
  return loss === 'nothing unsynced' || loss === 'data without names' ? synced : now
}

/** Each change of a name is on the disk or not; a file that moves is never without one. */
function someNames(synced: Names, renamed: readonly NewName[], draw: () => boolean): Names {
  const files = new Map(synced.files)
  for (const { path, from, file } of renamed) {
    if (!draw()) continue
    if (file === null) files.delete(path)
    else files.set(path, file)
    if (from !== null) files.delete(from)
  }
  return { files, folders: synced.folders }
}

function drawing(seed: number): () => boolean {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state & 1) === 1
  }
}

function contentOf({ content, synced, unsynced }: File, loss: Loss, draw: () => boolean): Buffer {
  if (typeof loss !== 'string') return unsynced.reduce((left, write) => (draw() ? written(left, write) : left), synced)
  if (loss === 'all' || loss === 'data without names') return content
  if (loss !== 'names with zeros') return synced
  return Buffer.concat([synced, Buffer.alloc(Math.max(0, content.length - synced.length))])
}

function written(content: Buffer, { at, bytes }: { readonly at: number; readonly bytes: Uint8Array }): Buffer {
  const grown = Buffer.concat([content, Buffer.alloc(Math.max(0, at + bytes.length - content.length))])
  grown.set(bytes, at)
  return grown
}

function resized(content: Buffer, length: number): Buffer {
  const more = Buffer.alloc(Math.max(0, length - content.length))
  return Buffer.concat([content.subarray(0, length), more])
}

function apply(
  { op, path, to, bytes, at = 0 }: DiskStep,
  { now, synced, renamed }: { readonly now: Names; readonly synced: Names; readonly renamed: NewName[] },
): void {
  const file = now.files.get(path)
  if (op === 'create') {
    const made: File = { content: Buffer.alloc(0), synced: Buffer.alloc(0), unsynced: [] }
    now.files.set(path, made)
    renamed.push({ path, from: null, file: made })
  }
  if (op === 'mkdir') for (let made = path; made !== '.'; made = dirname(made)) now.folders.add(made)
  if (op === 'unlink') {
    // A folder goes with all in it.
    for (const name of now.files.keys()) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      now.files.delete(name)
      renamed.push({ path: name, from: null, file: null })
    }
  }
  if (op === 'sync-directory') {
    syncNames(path, now, synced)
    const left = renamed.filter((name) => dirname(name.path) !== path)
    renamed.splice(0, renamed.length, ...left)
  }
  if (!file) return
  if (op === 'write' && bytes) {
    file.content = written(file.content, { at, bytes })
    file.unsynced.push({ at, bytes })
  }
  if (op === 'truncate') file.content = resized(file.content, at)
  if (op === 'sync') {
    file.synced = file.content
    file.unsynced.length = 0
  }
  if (to !== undefined) {
    now.files.set(to, file)
    renamed.push({ path: to, from: op === 'rename' ? path : null, file })
  }
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
