import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** A directory that is deleted when the tests of the file are over; call it at the top of the file. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'coldmesh-history-'))
  after(() => rm(path, { recursive: true, force: true }))
  return path
}
