import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const manifestShape = z.object({ name: z.string(), version: z.string() })

/** The package's folder, in a checkout and in `dist` alike. */
export const PACKAGE_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)))

export const VERSION = readManifest(PACKAGE_ROOT)?.version ?? '0.0.0'

/** Says in a file which program wrote it. */
export const PROGRAM = `coldmesh ${VERSION}`

/** The command as a child process starts it. */
export const BIN = join(PACKAGE_ROOT, 'node', 'coldmesh.js')

export const SHIPPED_BASE = join(PACKAGE_ROOT, 'examples', 'data', 'base', 'model')
export const SHIPPED_TASKS = join(PACKAGE_ROOT, 'examples', 'data', 'tasks')

function findRoot(from: string): string {
  if (readManifest(from)?.name === 'coldmesh') return from
  const parent = dirname(from)
  if (parent === from) throw new Error('the package folder of coldmesh is not above its own files')
  return findRoot(parent)
}

function readManifest(folder: string): z.infer<typeof manifestShape> | null {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return null
  const parsed = manifestShape.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  return parsed.success ? parsed.data : null
}
