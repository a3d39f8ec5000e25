import { posix } from 'node:path'
import { type SourceFile, withoutComments } from './source-files.ts'

export interface Import {
  readonly from: string
  /** As written. */
  readonly specifier: string
  /** Path from the root of the project for relative ones, else null. */
  readonly path: string | null
  /** Erased before the program runs. */
  readonly isTypeOnly: boolean
}

const FORMS: readonly RegExp[] = [
  /\b(?:import|export)\b(?<clause>[^;'"`]*?)\bfrom\s*['"](?<specifier>[^'"]+)['"]/g,
  /(?<!['"`])\bimport\s*['"](?<specifier>[^'"]+)['"]/g,
  /\b(?:import|require|require\.resolve|import\.meta\.resolve)\s*\(\s*['"`](?<specifier>[^'"`]+)['"`]/g,
  /\bnew URL\(\s*['"`](?<specifier>\.[^'"`]*)['"`]\s*,\s*import\.meta\.url/g,
]

/** Everything that a file imports, in whatever form: static, type, re-export, dynamic, or a URL beside it. */
export function importsOf({ path: from, text }: SourceFile): readonly Import[] {
  const code = withoutComments(text)
  return FORMS.flatMap((form) => [...code.matchAll(form)]).map(({ groups }) => {
    const { clause = '', specifier = '' } = groups ?? {}
    const isRelative = specifier.startsWith('.')
    // A worker's name may end in `.${extension}`, the extension of the file that starts it.
    const named = specifier.replace(/\$\{extension\}$/, 'ts')
    const path = isRelative ? posix.join(posix.dirname(from), named) : null
    return { from, specifier, path, isTypeOnly: /^\s*type\b|^\s*\{(?:\s*type\b[^,}]*,?)+\s*\}\s*$/.test(clause) }
  })
}

/** `@scope/name` or `name` of a bare specifier. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Cycles among files: each as the paths on it, from its smallest. */
export function cyclesOf(imports: readonly Import[]): readonly (readonly string[])[] {
  const edges = Map.groupBy(imports, ({ from }) => from)
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push(trail.slice(at))
    if (at >= 0 || done.has(path)) return
    for (const { path: to } of edges.get(path) ?? []) if (to !== null) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}
