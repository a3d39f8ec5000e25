/** A field with one of these words in its name is never written, unless it is a number (a training seed is public). */
const SECRET_WORDS = new Set(['seed', 'secret', 'token', 'password', 'passphrase', 'private', 'mnemonic'])
const MAX_TEXT = 300
const MAX_DEPTH = 3
const MAX_ITEMS = 32

/** What may go into a log line: no secrets, no bytes as text, nothing long, nothing deep. */
export function toLogFields(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return objectOf(fields, 0)
}

function objectOf(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      isSecret(name) && typeof item !== 'number' ? '(secret)' : loggable(item, depth + 1),
    ]),
  )
}

function isSecret(name: string): boolean {
  const words = name.split(/(?=[A-Z])|[^A-Za-z]/)
  return words.some((word) => SECRET_WORDS.has(word.toLowerCase()))
}

function loggable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shorten(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (value === null || typeof value !== 'object') return value
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
  if (value instanceof Error) return errorOf(value, depth)
  if (depth > MAX_DEPTH) return '(deep)'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => loggable(item, depth + 1))
  // A CID, a PeerId, a Multiaddr: its text says more than its insides.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) {
    return shorten(String(value))
  }
  return objectOf(value, depth)
}

function errorOf(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined
  return {
    name: error.name,
    ...(code === undefined ? {} : { code: loggable(code, depth + 1) }),
    message: shorten(error.message),
  }
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`
}
