import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A file of the project: path from its root, with `/` between names. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.cache', '.venv'])

/** Paths of all files below a folder of the project, those that are built or fetched left out. */
export function pathsBelow(folder: string): readonly string[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true })
    .flatMap((entry) => {
      if (SKIPPED.has(entry.name)) return []
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      return entry.isDirectory() ? pathsBelow(path) : [path]
    })
    .sort()
}

export function readSources(folders: readonly string[], pattern: RegExp): readonly SourceFile[] {
  return folders
    .flatMap((folder) => pathsBelow(folder))
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, 'utf8') }))
}

/** The same text with comments blanked out; strings and line numbers stay. */
export function withoutComments(text: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
  return text.replace(token, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found))
}

/** The same text with comments and what strings say blanked out. */
export function withoutStrings(text: string): string {
  const string = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
  return withoutComments(text).replace(string, (found) => found.replace(/[^\n]/g, ' '))
}
