import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CliError } from '../failure.ts'

const TOKEN_BYTES = 32
const OWNER_ONLY = 0o600
const shape = z.object({
  version: z.literal(1),
  port: z.int().min(1).max(65_535),
  token: z.string().min(32),
  pid: z.int().positive(),
})

/** How to reach the daemon of a data directory: DIR/control.json, for its owner's eyes only. */
export type ControlFile = Omit<z.infer<typeof shape>, 'version'>

export function createToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/** @throws CliError `refused` when the disk does */
export function writeControlFile(dataDir: string, file: ControlFile): void {
  const path = pathOf(dataDir)
  const draft = `${path}.${process.pid}.tmp`
  try {
    rmSync(draft, { force: true })
    writeFileSync(draft, `${JSON.stringify({ version: 1, ...file })}\n`, { mode: OWNER_ONLY, flag: 'wx' })
    renameSync(draft, path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new CliError('refused', `Could not write ${path} (${code}).`, {
      hint: 'Free some space, mend the permissions of the data directory, or name another one with --dir.',
      cause,
    })
  }
}

/** Null when there is none, it is damaged, or the process that wrote it is gone. */
export function readControlFile(dataDir: string): ControlFile | null {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(pathOf(dataDir), 'utf8'))
  } catch {
    return null
  }
  const parsed = shape.safeParse(raw)
  if (!parsed.success || !isAlive(parsed.data.pid)) return null
  return parsed.data
}

/** Removes the file if `pid` wrote it. */
export function removeControlFile(dataDir: string, pid: number): void {
  const path = pathOf(dataDir)
  try {
    const parsed = shape.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (!parsed.success || parsed.data.pid === pid) rmSync(path, { force: true })
  } catch {
    // Nothing to remove.
  }
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'control.json')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process is alive all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
