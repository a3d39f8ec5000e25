import { ColdmeshError } from '../../ports/errors.ts'

/** A pickle is a program; this reads the few instructions that PyTorch writes for tensors, and calls nothing of anybody's. */
export interface PickleWorld {
  /** What `name` (`module attribute`) is called with, as data. Other names are refused where they stand. */
  readonly functions: Readonly<Record<string, (args: readonly unknown[]) => unknown>>
  /** Names that may stand as values, for example `torch FloatStorage`. */
  readonly constants: readonly string[]
  /** What lies outside of the pickle, by its id. */
  readonly persistent: (id: unknown) => unknown
}

/** A name in a pickle, inert. */
export interface GlobalName {
  readonly global: string
}

const MAX_DEPTH = 100_000
const MARK = Symbol('mark')
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The value of a pickle of protocol 2: dictionaries as maps, lists and tuples as arrays.
 * @throws ColdmeshError `unsupported` for an instruction or name that is not of tensors, `bad-checkpoint` for a cut one
 */
export function readPickle(bytes: Uint8Array, world: PickleWorld): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: unknown[] = []
  const memo = new Map<number, unknown>()
  let at = 0

  function take(length: number): number {
    if (length < 0 || at + length > bytes.length) throw cutOff()
    at += length
    return at - length
  }
  function pop(): unknown {
    if (stack.length === 0) throw cutOff()
    return stack.pop()
  }
  function popToMark(): unknown[] {
    const mark = stack.lastIndexOf(MARK)
    if (mark < 0) throw cutOff()
    return stack.splice(mark).slice(1)
  }
  function line(): string {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) throw cutOff()
    const start = take(end - at + 1)
    return decodeText(bytes.subarray(start, end))
  }
  function text(length: number): string {
    const start = take(length)
    return decodeText(bytes.subarray(start, start + length))
  }
  function global(): GlobalName {
    const name = `${line()} ${line()}`
    if (Object.hasOwn(world.functions, name) || world.constants.includes(name)) return { global: name }
    throw refused(`names ${JSON.stringify(name.slice(0, 120))}`)
  }
  function reduce(): unknown {
    const args = pop()
    const name = pop()
    const run = isGlobal(name) && Object.hasOwn(world.functions, name.global) ? world.functions[name.global] : undefined
    if (run === undefined || !Array.isArray(args)) throw refused('calls something')
    return run(args)
  }
  function setItems(items: readonly unknown[]): void {
    const target = stack.at(-1)
    if (!(target instanceof Map)) throw refused('fills something that is no dictionary')
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1])
  }
  function append(items: readonly unknown[]): void {
    const target = stack.at(-1)
    if (!Array.isArray(target)) throw refused('fills something that is no list')
    for (const item of items) target.push(item)
  }
  function integer(length: number): number {
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at - length + i] ?? 0)
    const signed = length === 0 ? 0n : BigInt.asIntN(8 * length, value)
    if (signed > BigInt(Number.MAX_SAFE_INTEGER) || signed < 0n) throw refused('has a number out of range')
    return Number(signed)
  }
  const last = (count: number) => Array.from({ length: count }, pop).reverse()

  const instructions: Readonly<Record<number, () => void>> = {
    128: () => take(1), // PROTO
    40: () => stack.push(MARK),
    78: () => stack.push(null), // NONE
    136: () => stack.push(true),
    137: () => stack.push(false),
    74: () => stack.push(view.getInt32(take(4), true)), // BININT
    75: () => stack.push(view.getUint8(take(1))),
    77: () => stack.push(view.getUint16(take(2), true)),
    138: () => {
      const length = view.getUint8(take(1)) // LONG1
      take(length)
      stack.push(integer(length))
    },
    71: () => stack.push(view.getFloat64(take(8))), // BINFLOAT
    88: () => stack.push(text(view.getUint32(take(4), true))), // BINUNICODE
    140: () => stack.push(text(view.getUint8(take(1)))),
    125: () => stack.push(new Map()), // EMPTY_DICT
    93: () => stack.push([]), // EMPTY_LIST
    41: () => stack.push([]), // EMPTY_TUPLE
    133: () => stack.push(last(1)), // TUPLE1 and on
    134: () => stack.push(last(2)),
    135: () => stack.push(last(3)),
    116: () => stack.push(popToMark()), // TUPLE
    115: () => setItems(last(2)), // SETITEM
    117: () => setItems(popToMark()), // SETITEMS
    97: () => append(last(1)), // APPEND
    101: () => append(popToMark()), // APPENDS
    113: () => memo.set(view.getUint8(take(1)), stack.at(-1)), // BINPUT
    114: () => memo.set(view.getUint32(take(4), true), stack.at(-1)),
    104: () => stack.push(memo.get(view.getUint8(take(1)))), // BINGET
    106: () => stack.push(memo.get(view.getUint32(take(4), true))),
    99: () => stack.push(global()), // GLOBAL
    82: () => stack.push(reduce()), // REDUCE
    81: () => stack.push(world.persistent(pop())), // BINPERSID
    98: () => pop(), // BUILD: attributes of a dictionary, of no use here
  }

  while (at < bytes.length) {
    const code = bytes[take(1)] ?? 0
    if (code === 0x2e) return pop() // STOP
    const run = instructions[code]
    if (run === undefined) throw refused(`has the instruction 0x${code.toString(16)}`)
    run()
    if (stack.length > MAX_DEPTH) throw refused('is nested too deeply')
  }
  throw cutOff()
}

export function isGlobal(value: unknown): value is GlobalName {
  return typeof value === 'object' && value !== null && 'global' in value && typeof value.global === 'string'
}

function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw refused('has a text that is not UTF-8')
  }
}

function refused(what: string): ColdmeshError {
  return new ColdmeshError('unsupported', `The pickle ${what}, which is not part of tensors.`, {
    hint: 'do not load this file with other tools either unless you trust where it comes from',
  })
}

function cutOff(): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', 'The pickle ends in the middle, or is none.', {
    hint: 'download the file again',
  })
}
