import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CliError } from './failure.ts'
import type { GivenOptions } from './option-values.ts'
import { OPTIONS, type OptionName } from './options.ts'

const HINT = 'It looks like { "steps": 200, "peer": ["/ip4/..."] }.'
const DEFAULT_FILE = 'options.json'
const scalar = z.union([z.string(), z.number(), z.boolean()])
const shape = z.record(z.string(), z.union([scalar, z.array(scalar)]))

/**
 * Option values by name from `path`, or from DIR/options.json when that exists.
 * @throws CliError `bad-input`
 */
export function readOptionsFile(path: string | undefined, dir: string | undefined): GivenOptions {
  const file = path ?? (dir === undefined ? undefined : join(dir, DEFAULT_FILE))
  if (file === undefined || (path === undefined && !existsSync(file))) return {}
  const given = parse(file)
  const unknown = Object.keys(given).find((name) => !isOptionName(name))
  if (unknown !== undefined) {
    throw new CliError('bad-input', `${file} sets "${unknown}", which is no option.`, { hint: 'See docs/cli.md.' })
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)]),
  )
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

function parse(file: string): z.infer<typeof shape> {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new CliError('bad-input', `The options file ${file} ${why}.`, { hint: HINT, cause })
  }
  const parsed = shape.safeParse(raw)
  if (!parsed.success) {
    throw new CliError('bad-input', `The options file ${file} is not an object of option values.`, { hint: HINT })
  }
  return parsed.data
}
