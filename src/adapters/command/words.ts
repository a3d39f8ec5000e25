import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'

/** What an engine's name begins with when it is a command line. */
export const COMMAND_PREFIX = 'command:'

/**
 * Words of a command line: separated by white space, which quotation marks (single or double) keep inside a word. No shell reads it: nothing
 * else is special.
 *
 * @throws ColdmeshError `bad-input` for a quotation mark that is not closed, and when there is no word
 */
export function splitWords(line: string): string[] {
  const words = [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word)
  const left = words.reduce((rest, word) => rest.replace(word, ''), line).trim()
  if (left !== '') throw badCommand(`The command ${JSON.stringify(line)} has a quotation mark that is not closed`)
  if (words.length === 0) throw badCommand('The command trainer needs a program')
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single))
}

/**
 * Where a program is: looked up in PATH unless its name has a slash.
 *
 * @throws ColdmeshError `bad-input` when it is not there or can't be run
 */
export function findProgram(program: string, path = process.env['PATH'] ?? ''): string {
  const isPath = /[/\\]/.test(program)
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : ['']
  const folders = isPath ? [''] : path.split(delimiter).filter((folder) => folder !== '')
  const candidates = folders.flatMap((folder) => suffixes.map((suffix) => resolve(join(folder, program + suffix))))
  const found = candidates.find(isRunnable)
  if (found !== undefined) return found
  if (candidates.some(isFile)) {
    throw badCommand(`${program} is not executable`, 'Give it permission (chmod +x), or name its interpreter first.')
  }
  throw badCommand(
    `There is no program ${program}${isPath ? '' : ' in PATH'}`,
    'Check its name, or give its path: --engine "command:./train.sh".',
  )
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isRunnable(path: string): boolean {
  if (!isFile(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function badCommand(message: string, hint = 'Say it like this: --engine "command:python3 train.py".'): ColdmeshError {
  return new ColdmeshError('bad-input', message, { hint })
}
