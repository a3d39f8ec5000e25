import { type SourceFile, withoutComments } from './source-files.ts'

export type Mark = 'REJECT' | 'IGNORE'

export interface Rule {
  /** `3.6` */
  readonly number: string
  readonly mark: Mark
}

const asRules = (matches: Iterable<RegExpMatchArray>): readonly Rule[] =>
  [...matches].map(([, mark, number]) => ({ number: number ?? '', mark: mark === 'IGNORE' ? 'IGNORE' : 'REJECT' }))

/** Rules that the comments of a source file cite: `// [REJECT] SPEC 3.6: ...`. */
export function citedRules(text: string): readonly Rule[] {
  return asRules(text.matchAll(/\[(REJECT|IGNORE)\] SPEC (\d+\.\d+)\b/g))
}

/** Rules that a SPEC states: a list item `- [REJECT] **3.6** ...`. */
export function statedRules(text: string): readonly Rule[] {
  return asRules(text.matchAll(/^- \[(REJECT|IGNORE)\] \*\*(\d+\.\d+)\*\* /gm))
}

/** Reason codes that code gives: to `reject`, `ignore`, `demand` and `MalformedError`. */
export function givenReasons(text: string): readonly string[] {
  const code = withoutComments(text)
  const first = [...code.matchAll(/\b(?:reject(?:ed)?|ignore|MalformedError|wrong-reason)\(\s*'([a-z-]+)'/g)]
  const second = [...code.matchAll(/\bdemand\([\s\S]*?'([a-z-]+)',?\s*\)/g)]
  const chosen = [...code.matchAll(/\?\s*reject\('([a-z-]+)'\)/g)]
  return [...new Set([...first, ...second, ...chosen].map(([, reason = '']) => reason))]
}

/** Names that a file declares messages under: `contribution` of `export const contribution = declareMessage({`. */
export function declaredNames({ text }: SourceFile): readonly string[] {
  return [...withoutComments(text).matchAll(/\b(\w+)\s*=\s*declare(?:Object|Message)\(/g)].map(([, name = '']) => name)
}

/** How often a file calls the two functions that declare messages, however it names the result. */
export function countDeclarations({ text }: SourceFile): number {
  return [...withoutComments(text).matchAll(/\bdeclare(?:Object|Message)\s*[(<]/g)].length
}
