import type { Fence } from './fences.ts'

/** A shell command as words, quotes taken away; comments and here-documents are no words. */
export type Words = readonly string[]

/** Every command of a block, in order; those inside `$( )` too. */
export function commandsOf({ lines }: Pick<Fence, 'lines'>): readonly Words[] {
  return logicalLines(lines).flatMap(commandsOfLine)
}

/** Lines joined where a backslash says so, without here-documents. */
function logicalLines(lines: readonly string[]): readonly string[] {
  const found: string[] = []
  let end: string | null = null
  let line = ''
  for (const physical of lines) {
    if (end !== null) {
      if (physical.trim() === end) end = null
      continue
    }
    line += physical
    if (line.endsWith('\\')) {
      line = line.slice(0, -1)
      continue
    }
    end = /<<-?\s*['"]?(\w+)['"]?/.exec(line)?.[1] ?? null
    found.push(line)
    line = ''
  }
  return line === '' ? found : [...found, line]
}

const OPERATORS = ['&&', '||', ';', '|', '&']

function commandsOfLine(line: string): readonly Words[] {
  const inner = [...line.matchAll(/\$\(([^()]*)\)/g)].flatMap(([, command = '']) => commandsOfLine(command))
  const commands: string[][] = [[]]
  for (const token of tokensOf(line)) {
    if (token.startsWith('#')) break
    if (OPERATORS.includes(token)) commands.push([])
    else commands.at(-1)?.push(unquoted(token))
  }
  return [...commands.map(withoutRedirections).filter((words) => words.length > 0), ...inner]
}

function tokensOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:"(?:\$\([^()]*\)|[^"])*"|'[^']*'|\$\([^()]*\)|[^\s"'|&;])+|&&|\|\||[|&;]/g)].map(
    ([token]) => token,
  )
}

function unquoted(token: string): string {
  return token.replace(/"((?:\$\([^()]*\)|[^"])*)"|'([^']*)'/g, (_, double, single) => double ?? single ?? '')
}

function withoutRedirections(words: readonly string[]): Words {
  return words.filter((word, at) => !/^\d?[<>]/.test(word) && !/^\d?[<>]+$/.test(words[at - 1] ?? ''))
}
