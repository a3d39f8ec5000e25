import { BILLION, FUSION_RULES, type FusionParams, isFusionRule, judgeFusion } from '../../protocols/genesis/fusion.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** A rule and its parameters as a genesis states them: integers, fractions in billionths. */
export interface Fusion {
  readonly rule: string
  readonly params: FusionParams
}

const DECIMAL = /^\d{1,16}(?:\.\d{1,9})?$/

/**
 * Reads a rule as people write it: `median/1`, `ties/1,density=0.2,step=0.5`.
 * @throws ColdmeshError `unsupported` (an unknown rule or parameter), `bad-input`
 */
export function parseRule(text: string): Fusion {
  const [rule = '', ...settings] = text.split(',').map((part) => part.trim())
  const pairs = settings.map((setting) => readSetting(rule, setting))
  const params = Object.fromEntries(pairs)
  const isOnce = Object.keys(params).length === pairs.length
  if (!isOnce || judgeFusion({ rule, params }).verdict !== 'accept') throw unknownRule(rule, params)
  return { rule, params }
}

/** What `parseRule` reads; parameters by name. */
export function formatRule({ rule, params }: Fusion): string {
  const settings = Object.entries(params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${parameterOf(rule, name)?.isFraction ? formatFraction(value) : value}`)
  return [rule, ...settings].join(',')
}

function readSetting(rule: string, setting: string): readonly [name: string, value: number] {
  const at = setting.indexOf('=')
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)]
  if (at <= 0 || !DECIMAL.test(value)) {
    throw new ColdmeshError(
      'bad-input',
      `A parameter of a fusion rule is NAME=NUMBER, not "${setting.slice(0, 80)}".`,
      {
        hint: 'for example ties/1,density=0.2',
      },
    )
  }
  return [name, parameterOf(rule, name)?.isFraction ? Math.round(Number(value) * BILLION) : Number(value)]
}

function parameterOf(rule: string, name: string) {
  if (!isFusionRule(rule)) return undefined
  return Object.hasOwn(FUSION_RULES[rule], name) ? FUSION_RULES[rule][name] : undefined
}

function formatFraction(billionths: number): string {
  const whole = Math.floor(billionths / BILLION)
  const rest = `${billionths % BILLION}`.padStart(9, '0').replace(/0+$/, '')
  return rest === '' ? `${whole}` : `${whole}.${rest}`
}

/** Says what this version knows instead of a rule, or of its parameters, that it refuses. */
export function unknownRule(rule: string, params: FusionParams): ColdmeshError {
  const newer = 'a newer coldmesh may know more'
  if (!isFusionRule(rule)) {
    const hint = `this version computes ${Object.keys(FUSION_RULES).join(', ')}; ${newer}`
    return new ColdmeshError('unsupported', `The fusion rule ${JSON.stringify(rule)} is unknown.`, { hint })
  }
  const known = FUSION_RULES[rule]
  const unknown = Object.keys(params).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    const message = `The parameter ${JSON.stringify(unknown)} of ${rule} is not supported by this version.`
    const hint = `${rule} takes ${Object.keys(known).join(', ')}; ${newer}`
    return new ColdmeshError('unsupported', message, { facts: { rule }, hint })
  }
  const ranges = Object.entries(known).map(([name, { min, max, isRequired, isFraction }]) => {
    const [from, to] = [min, max].map((bound) => (isFraction ? formatFraction(bound) : `${bound}`))
    return `${name} from ${from} to ${to}${isRequired ? '' : ', or none'}`
  })
  const message = `A parameter of ${rule} is missing, out of its range or there twice.`
  return new ColdmeshError('bad-input', message, { facts: { rule }, hint: `${rule} takes ${ranges.join('; ')}` })
}
