import { ColdmeshError } from '../../ports/errors.ts'

/** config.json, parsed. */
export type Settings = Readonly<Record<string, unknown>>

/** @throws ColdmeshError `unsupported` when the setting has another value than the one given, which is also the default */
export function requireSetting(config: Settings, name: string, supported: string | boolean): void {
  const value = config[name] ?? supported
  if (value !== supported) throw unsupportedSetting(name, value)
}

/** A number of at least 0. @throws ColdmeshError `bad-model` */
export function readNumber(config: Settings, name: string, fallback: number): number {
  const value = config[name] ?? fallback
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw badSetting(name, 'a number of at least 0', value)
}

/** A positive whole number. @throws ColdmeshError `bad-model` */
export function readCount(config: Settings, name: string, fallback?: number): number {
  const value = config[name] ?? fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw badSetting(name, 'a positive whole number', value)
}

/** An id of a vocabulary of `size`. @throws ColdmeshError `bad-model` */
export function readId(config: Settings, name: string, fallback: number, size: number): number {
  const value = config[name] ?? fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < size) return value
  throw badSetting(name, `an id below the vocab_size ${size}`, value)
}

/** The value that stands for what `name` is set to, one of `choices`. @throws ColdmeshError `unsupported` */
export function readChoice<T>(config: Settings, name: string, fallback: string, choices: ReadonlyMap<string, T>): T {
  const value = config[name] ?? fallback
  const choice = typeof value === 'string' ? choices.get(value) : undefined
  if (choice === undefined) throw unsupportedSetting(name, value, `It trains ${[...choices.keys()].join(', ')}.`)
  return choice
}

function badSetting(name: string, wanted: string, value: unknown): ColdmeshError {
  return new ColdmeshError('bad-model', `config.json: ${name} must be ${wanted}, it is ${JSON.stringify(value)}`, {
    facts: { field: name },
    hint: 'Use the config.json that belongs to the weights.',
  })
}

function unsupportedSetting(name: string, value: unknown, choices = ''): ColdmeshError {
  return unsupported(`config.json has ${name} \`${value}\``, { [name]: String(value) }, choices)
}

/** What any model can be trained with. */
const ANY_PROGRAM = 'A program of your own trains any model: `--engine command:PROGRAM`.'

export function unsupported(message: string, facts: Record<string, string>, supported: string): ColdmeshError {
  return new ColdmeshError('unsupported', `${message}, which no engine here can train`, {
    facts,
    hint: supported === '' ? ANY_PROGRAM : `${supported} ${ANY_PROGRAM}`,
  })
}
