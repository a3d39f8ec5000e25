import { CliError } from '../failure.ts'

const KEY = /^[0-9a-f]{64}$/i

export const isKeyText = (text: string) => KEY.test(text)

/** NAME=KEY. @throws CliError `bad-input`, naming the option */
export function parseMember(option: string, text: string): { name: string; key: string } {
  const at = text.lastIndexOf('=')
  const [name, key] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && isKeyText(key)) return { name, key: key.toLowerCase() }
  throw new CliError('bad-input', `${option} takes NAME=KEY with a key of 64 hex digits, not "${text}".`, {
    hint: 'Each member gets its key from: coldmesh init.',
  })
}
