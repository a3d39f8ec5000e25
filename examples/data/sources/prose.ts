import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The sentences of each text file (an address, a chapter) of a package of running text under `packages`/node_modules. */
export function readProse(packages: string, name: string): string[][] {
  const folder = join(packages, 'node_modules', name, 'data')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => sentencesOf(readFileSync(join(folder, file), 'utf8')))
}

/** Splits running text after `.`, `!` or `?` (and a closing quote) before a capital letter. */
export function sentencesOf(text: string): string[] {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?]["”’']?) (?=["“‘']?[A-Z])/)
    .filter((sentence) => sentence.length > 2)
}
