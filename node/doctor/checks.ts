import { existsSync } from 'node:fs'
import { access, constants, stat, statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { findDaemon } from '../control/client.ts'
import { anyStatus } from '../control/daemon-status.ts'

/** One thing that was looked at. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  readonly found: string
  /** What to do when it isn't well. */
  readonly hint: string | null
}

/** A base of MiniLM's size, the contributions of a round to it, and what a training writes meanwhile. */
const LITTLE_DISK_BYTES = 2e9
/** What finetuning a six-layer encoder takes. */
const LITTLE_MEMORY_BYTES = 2e9
/** Others may neither read nor write the key. */
const OPEN_TO_OTHERS = 0o077

export function checkMachine(): Check {
  const node = `Node ${process.versions.node}, ${process.platform} ${process.arch}`
  return { what: 'machine', ok: true, found: `${node}, ${availableParallelism()} cores`, hint: null }
}

export function checkMemory(): Check {
  const available = process.availableMemory()
  const limit = process.constrainedMemory()
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return {
    what: 'memory',
    ok: available >= LITTLE_MEMORY_BYTES,
    found: `${gigabytes(available)} of ${gigabytes(total)} available`,
    hint: 'a six-layer encoder takes about 2 GB to finetune: end other programs, or train a smaller model or with --batch 8',
  }
}

export async function checkDisk(dir: string): Promise<Check> {
  const place = nearestExisting(dir)
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const isWritable = await access(place, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!isWritable) {
    const hint = 'give yourself the right to write there, or name another place: --dir DIR'
    return { what: 'disk', ok: false, found: `${place} can't be written`, hint }
  }
  return {
    what: 'disk',
    ok: free >= LITTLE_DISK_BYTES,
    found: `${gigabytes(free)} free at ${place}`,
    hint: 'a peer keeps the weights of several rounds: make room, or keep fewer (--keep-rounds)',
  }
}

/** The data directory: its key, and whether a daemon runs on it and has company. */
export async function checkDataDir(dir: string, keyPath: string, signal: AbortSignal): Promise<Check[]> {
  if (!existsSync(keyPath)) {
    const found = `${dir} is none yet`
    return [{ what: 'data directory', ok: true, found, hint: null }]
  }
  const { mode } = await stat(keyPath)
  const isOpen = process.platform !== 'win32' && (mode & OPEN_TO_OTHERS) !== 0
  const key: Check = {
    what: 'data directory',
    ok: !isOpen,
    found: isOpen ? `${keyPath} is open to others` : dir,
    hint: `chmod 600 ${keyPath}`,
  }
  return [key, await checkDaemon(dir, signal)]
}

async function checkDaemon(dir: string, signal: AbortSignal): Promise<Check> {
  const daemon = await findDaemon(dir)
  if (daemon === null) return { what: 'daemon', ok: true, found: 'none runs on it', hint: null }
  const status = await anyStatus(daemon, signal)
  if (status.phase === 'starting') return { what: 'daemon', ok: true, found: 'is starting', hint: null }
  const { peers, multiaddrs } = status
  const isAlone = peers === 0
  return {
    what: 'daemon',
    ok: !isAlone,
    found: isAlone ? `is connected to nobody; listens on ${multiaddrs.join(' ')}` : `is connected to ${peers} peers`,
    hint: 'name a peer that runs: --peer ADDRESS, or let others reach one of these addresses',
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
