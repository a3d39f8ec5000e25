import { CliError } from './failure.ts'
import { choicesOf, type OptionSpec } from './option-spec.ts'
import { flagOf, type OptionName, type OptionValues, optionSpec, variableOf } from './options.ts'

/** Texts as they were given, by option. */
export type GivenOptions = Readonly<Partial<Record<OptionName, readonly string[]>>>

export interface OptionSources {
  readonly flags: GivenOptions
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file: GivenOptions
}

type Scalar = string | number | boolean

const TRUE_WORDS = ['1', 'true', 'yes', 'on']
const FALSE_WORDS = ['0', 'false', 'no', 'off', '']

/**
 * The values of `names`: a flag wins over a variable, a variable over the options file, the file over the default.
 * @throws CliError `bad-input`, naming the option as it was given
 */
export function resolveOptions<Names extends OptionName>(
  names: readonly Names[],
  { flags, environment, file }: OptionSources,
): OptionValues<Names> {
  const values: Record<string, Scalar | readonly Scalar[] | undefined> = {}
  for (const name of names) {
    const spec = optionSpec(name)
    const variable = environment[variableOf(name)]
    const fromVariable = variable === undefined ? undefined : spec.repeat ? variable.split(',') : [variable]
    const [source, texts] =
      flags[name] !== undefined
        ? [flagOf(name), flags[name]]
        : fromVariable !== undefined
          ? [variableOf(name), fromVariable]
          : [`"${name}" in the options file`, file[name]]
    values[name] = texts === undefined ? absent(spec) : parsed(source, spec, texts)
  }
  return values as OptionValues<Names>
}

function absent(spec: OptionSpec): Scalar | readonly Scalar[] | undefined {
  if (spec.repeat) return []
  return spec.kind === 'switch' ? false : spec.default
}

function parsed(source: string, spec: OptionSpec, texts: readonly string[]): Scalar | readonly Scalar[] {
  const values = texts.map((text) => parseOne(source, spec, text.trim()))
  if (spec.repeat) return values
  const last = values.at(-1)
  if (last === undefined) throw wrong(`${source} has no value.`)
  return last
}

function parseOne(source: string, spec: OptionSpec, text: string): Scalar {
  if (spec.kind === 'switch') return parseSwitch(source, text)
  if (spec.kind === 'text' || spec.kind === 'path') return parseText(source, spec, text)
  const number = spec.kind === 'seconds' ? secondsOf(text) : Number(text)
  const isRight = text !== '' && (spec.kind === 'count' ? Number.isSafeInteger(number) : Number.isFinite(number))
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec
  if (isRight && number >= min && number <= max) return number
  const kind =
    spec.kind === 'count'
      ? 'a whole number'
      : spec.kind === 'seconds'
        ? 'a time in seconds, or with s, m or h behind it,'
        : 'a number'
  throw wrong(`${source} takes ${kind}${rangeOf(spec)}, not "${text}".`)
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }

/** `90`, `90s`, `1.5m`, `2h`. */
function secondsOf(text: string): number {
  const unit = UNIT_SECONDS[text.slice(-1).toLowerCase()]
  const number = unit === undefined ? text : text.slice(0, -1)
  return number.trim() === '' ? Number.NaN : Number(number) * (unit ?? 1)
}

function rangeOf({ min, max }: OptionSpec): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  return min === undefined ? '' : ` of at least ${min}`
}

function parseText(source: string, spec: OptionSpec, text: string): string {
  if (text === '') throw wrong(`${source} is empty.`)
  if (text.includes('\0')) throw wrong(`${source} has a NUL character in it.`)
  if (spec.choices === undefined || spec.choices.includes(text)) return text
  if (spec.also !== undefined && text.startsWith(spec.also.prefix)) return text
  throw wrong(`${source} takes ${choicesOf(spec)}, not "${text}".`)
}

function parseSwitch(source: string, text: string): boolean {
  if (TRUE_WORDS.includes(text.toLowerCase())) return true
  if (FALSE_WORDS.includes(text.toLowerCase())) return false
  throw wrong(`${source} takes true or false, not "${text}".`)
}

function wrong(message: string): CliError {
  return new CliError('bad-input', message, { hint: 'See --help after the command, or docs/cli.md.' })
}
