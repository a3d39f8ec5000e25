import { MAX_DEPTH } from './limits.ts'

/**
 * What the heads of the items tell before anything is decoded.
 * - `plain`: dag-cbor, and canonical for certain: every value in it has one encoding, and these bytes are it
 * - `unsure`: only their re-encoding tells (text beyond ASCII, floats, integers beyond 32 bits, CIDs of other forms)
 * - `too-deep`, `indefinite-length`, `cut-off`: to be refused
 */
export type Shape = 'plain' | 'unsure' | 'too-deep' | 'indefinite-length' | 'cut-off'

const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6
const SIMPLE = 7
const FALSE = 0xf4
const NULL = 0xf6
const CID_TAG = 42
const SLASH = 0x2f
/** Under the tag of a CID: a zero, version 1, a codec (any), sha2-256, its length; then the digest. */
const CID_HEAD: readonly (number | null)[] = [0, 1, null, 0x12, 32]
const CID_BYTES = CID_HEAD.length + 32

/** A list, map or tag whose items are not all passed yet. */
interface Open {
  left: number
  readonly isMap: boolean
  /** Where the key before begins and ends; empty before the first. */
  keyStart: number
  keyEnd: number
}

/** Walks the heads of the items without recursion, so that deep nesting costs nothing. */
export function shapeOf(bytes: Uint8Array): Shape {
  const open: Open[] = []
  let isPlain = true
  let at = 0
  do {
    const start = at
    const head = bytes[at] ?? 0
    const major = head >> 5
    const size = headSize(head)
    if (size === 0) return 'indefinite-length'
    if (start + size > bytes.length) return 'cut-off'
    const argument = size === 1 ? head & 31 : readUint(bytes, start + 1, size - 1)
    at += size
    if (major === BYTES || major === TEXT) at += argument
    if (isPlain)
      isPlain = at <= bytes.length && isShortest(size, argument) && isPlainItem(bytes, start, start + size, at)
    const inside = open.at(-1)
    if (isPlain && inside?.isMap && inside.left % 2 === 0) isPlain = isNextKey(bytes, inside, start, at)
    if (major === ARRAY || major === MAP || major === TAG) {
      const isMap = major === MAP
      open.push({ left: isMap ? 2 * argument : major === TAG ? 1 : argument, isMap, keyStart: 0, keyEnd: 0 })
      if (open.length > MAX_DEPTH) return 'too-deep'
    } else if (inside) inside.left--
    for (let last = open.at(-1); last?.left === 0; last = open.at(-1)) {
      open.pop()
      const around = open.at(-1)
      if (around) around.left--
    }
  } while (open.length > 0 && at < bytes.length)
  return isPlain && open.length === 0 && at === bytes.length ? 'plain' : 'unsure'
}

/** Bytes of a head; 0 for one of indefinite length. */
function headSize(head: number): number {
  const short = head & 31
  if (short < 24) return 1
  return short > 27 ? 0 : 1 + (1 << (short - 24))
}

function readUint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = at; i < at + length; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

/** False too for arguments of 64 bits, which numbers do not always hold. */
function isShortest(size: number, argument: number): boolean {
  if (size === 1) return true
  return size === 2 ? argument >= 24 : size === 3 ? argument > 0xff : size === 5 && argument > 0xffff
}

/** @param content where its head ends @param end of its bytes or text; of other items that of the head */
function isPlainItem(bytes: Uint8Array, start: number, content: number, end: number): boolean {
  const head = bytes[start] ?? 0
  const major = head >> 5
  if (major === SIMPLE) return head >= FALSE && head <= NULL
  if (major === TAG) return content === start + 2 && bytes[start + 1] === CID_TAG && isUsualCid(bytes, content)
  return major !== TEXT || isAscii(bytes, content, end)
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) > 0x7f) return false
  return true
}

function isUsualCid(bytes: Uint8Array, at: number): boolean {
  const isOfLength = bytes[at] === 0x58 && bytes[at + 1] === CID_BYTES
  // A codec of one byte: a longer one has the top bit.
  return isOfLength && CID_HEAD.every((byte, i) => (byte ?? (bytes[at + 4] ?? 0) & 0x7f) === bytes[at + 2 + i])
}

/**
 * Keys are text, shorter ones first, then in the order of their bytes, which is the order of their encodings. Of a map with
 * the key "/" readers of CIDs may think that it is one.
 */
function isNextKey(bytes: Uint8Array, map: Open, start: number, end: number): boolean {
  const isText = (bytes[start] ?? 0) >> 5 === TEXT && end > start + 1
  const isFirst = map.keyEnd === 0
  const isAfter = isFirst || isBefore(bytes, map, start, end)
  map.keyStart = start
  map.keyEnd = end
  return isText && isAfter && !(end === start + 2 && bytes[start + 1] === SLASH)
}

function isBefore(bytes: Uint8Array, { keyStart, keyEnd }: Open, start: number, end: number): boolean {
  for (let i = 0; keyStart + i < keyEnd && start + i < end; i++) {
    const difference = (bytes[keyStart + i] ?? 0) - (bytes[start + i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return keyEnd - keyStart < end - start
}
