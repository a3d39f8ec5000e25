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
  const raw = parseJson(file)
  // Of the file, not of what was checked: zod drops a key `__proto__` in silence.
  const unknown = Object.keys(Object(raw)).find((name) => !isOptionName(name))
  const given = readShape(file, raw)
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

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new CliError('bad-input', `The options file ${file} ${why}.`, { hint: HINT, cause })
  }
}

function readShape(file: string, raw: unknown): z.infer<typeof shape> {
  const parsed = shape.safeParse(raw)
  if (!parsed.success) {
    throw new CliError('bad-input', `The options file ${file} is not an object of option values.`, { hint: HINT })
  }
  return parsed.data
}
