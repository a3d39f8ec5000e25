import { existsSync } from 'node:fs'
import { CliError } from '../failure.ts'
import { readGiven } from './given-file.ts'

/** No list of members is longer. */
const MAX_FILE_BYTES = 64 * 1024
/** A CID in base32: no key looks like one. */
const GENESIS = /^b[a-z2-7]{40,127}$/
const KEY = /^[0-9a-fA-F]{64}$/

/** Whom a caller names with `--trust`. */
export interface NamedTrust {
  /** Genesis CID. */
  readonly trust?: string
  /** 64 lower-case hex digits each. */
  readonly trustKeys?: readonly string[]
}

/**
 * Reads what `--trust` was given: genesis CIDs, keys, and files of keys.
 * @throws CliError `bad-input`
 */
export function readTrust(given: readonly string[]): NamedTrust {
  const keys: string[] = []
  let trust: string | undefined
  for (const text of given) {
    if (KEY.test(text)) keys.push(text.toLowerCase())
    else if (text.startsWith('@')) keys.push(...readKeyFile(text.slice(1)))
    else if (GENESIS.test(text) && !existsSync(text)) trust = oneGenesis(trust, text)
    else if (existsSync(text)) keys.push(...readKeyFile(text))
    else throw wrong(`--trust ${text} is no CID, no key and no file.`)
  }
  return { ...(trust === undefined ? {} : { trust }), ...(keys.length === 0 ? {} : { trustKeys: keys }) }
}

/** The one genesis that evidence is checked against. @throws CliError `bad-input` */
export function genesisOf(given: readonly string[]): string | undefined {
  const { trust, trustKeys } = readTrust(given)
  if (trustKeys === undefined) return trust
  throw new CliError('bad-input', '--trust takes the genesis CID with --evidence, and no keys.', {
    hint: 'Name the genesis, or --genesis-file FILE.',
  })
}

function oneGenesis(before: string | undefined, text: string): string {
  if (before === undefined || before === text) return text
  throw wrong(`--trust names two genesis CIDs, ${before} and ${text}; a base has one.`)
}

/** A key a line; what follows a # is a comment. */
function readKeyFile(name: string): readonly string[] {
  const keys = readGiven(name, { maxBytes: MAX_FILE_BYTES, what: 'keys', hint: HINT })
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
  const other = keys.find((key) => !KEY.test(key))
  if (other !== undefined) throw wrong(`${name} has a line that is no key of 64 hex digits: ${other.slice(0, 80)}`)
  if (keys.length === 0) throw wrong(`${name} has no key in it.`)
  return keys.map((key) => key.toLowerCase())
}

const HINT =
  "Name the genesis CID, a member's key (64 hex digits; `coldmesh members` prints them), or a file with a key a line."

function wrong(message: string, cause?: unknown): CliError {
  return new CliError('bad-input', message, {
    hint: HINT,
    cause,
  })
}
