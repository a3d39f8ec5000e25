import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dirOf } from '../commands/data-dir.ts'
import { CliError } from '../failure.ts'

export interface DemoFolder {
  readonly path: string
  /** Removes what the demo made, unless it is to be kept. */
  clean(): void
}

/** An own folder for the demo's data directories: `dir`, which must be empty, or a temporary one. */
export function createDemoFolder({ dir, keep }: { dir: string | undefined; keep: boolean }): DemoFolder {
  const path = dir === undefined ? mkdtempSync(join(tmpdir(), 'coldmesh-demo-')) : prepare(dirOf({ dir }))
  return {
    path,
    clean: () => {
      if (!keep) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function prepare(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    if (readdirSync(path).length === 0) return path
  } catch (cause) {
    throw new CliError('refused', `${path} cannot be made or read.`, { hint: 'Choose another --dir.', cause })
  }
  throw new CliError('bad-input', `${path} is not empty.`, { hint: 'Choose another --dir, or leave it out.' })
}
