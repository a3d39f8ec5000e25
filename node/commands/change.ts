import { type AmendmentChange, DEFAULT_ROUND_POLICY, parseRule, type RoundPolicy, type TermsStatus } from 'coldmesh'
import { CliError } from '../failure.ts'
import { isKeyText, parseMember } from './members.ts'

const OTHERS = ['quorum', 'contributors', 'gate', 'rule'] as const

/** The change that `--add`, `--remove` and `--set` ask for. @throws CliError `bad-input` */
export function parseChange(
  options: { readonly add: readonly string[]; readonly remove: readonly string[]; readonly set: readonly string[] },
  { committee, round: policy }: Pick<TermsStatus, 'committee' | 'round'>,
): AmendmentChange {
  const settings = options.set.map((text) => parseSetting(text, [...OTHERS, ...Object.keys(policy)]))
  const round = fieldsOf(settings.filter(({ name }) => Object.hasOwn(policy, name)))
  return {
    ...(options.add.length > 0 ? { add: options.add.map((text) => parseMember('--add', text)) } : {}),
    ...(options.remove.length > 0 ? { remove: options.remove.map((text) => memberKey(text, committee)) } : {}),
    ...(Object.keys(round).length > 0 ? { round } : {}),
    ...Object.assign({}, ...settings.map(({ name, value }) => otherTerm(name, value))),
  }
}

/** The fields of the round that a genesis sets with `--set`. @throws CliError `bad-input` */
export function parseRound(settings: readonly string[]): Partial<RoundPolicy> {
  return fieldsOf(settings.map((text) => parseSetting(text, Object.keys(DEFAULT_ROUND_POLICY))))
}

interface Setting {
  readonly name: string
  readonly value: string
}

const fieldsOf = (settings: readonly Setting[]): Partial<RoundPolicy> =>
  Object.fromEntries(settings.map(({ name, value }) => [name, numberOf(name, value)]))

function parseSetting(text: string, names: readonly string[]): Setting {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && names.includes(name)) return { name, value }
  throw new CliError('bad-input', `--set takes NAME=VALUE, not "${text}".`, {
    hint: `The names are ${names.join(', ')}.`,
  })
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value
  throw new CliError('bad-input', `${name} is a whole number, not "${text}".`, { hint: 'Times are in milliseconds.' })
}

function otherTerm(name: string, value: string): AmendmentChange {
  switch (name) {
    case 'quorum':
      if (value === 'byzantine' || value === 'crash') return { quorum: value }
      throw new CliError('bad-input', `quorum is byzantine or crash, not "${value}".`)
    case 'contributors':
      return { contributors: value === 'open' || value === 'vouched' ? value : value.split(',') }
    case 'gate':
      return { gate: value === 'off' ? null : { maxDrop: fractionOf(value) } }
    case 'rule':
      return { fusion: parseRule(value) }
    default:
      return {}
  }
}

function fractionOf(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new CliError('bad-input', `gate is "off" or a fraction from 0 to 1, not "${text}".`)
}

/** A member by its name or its key. */
function memberKey(text: string, committee: TermsStatus['committee']): string {
  const found = committee.find(({ name, key }) => name === text || key === text.toLowerCase())
  if (found !== undefined) return found.key
  if (isKeyText(text)) return text.toLowerCase()
  const names = committee.map(({ name }) => name).join(', ')
  throw new CliError('bad-input', `No member is called "${text}".`, { hint: `The members are ${names}.` })
}
