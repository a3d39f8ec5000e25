import { MAX_LINE_BYTES } from './contract.ts'

/** What a program says on standard output. */
export type ProgramEvent =
  | {
      readonly event: 'progress'
      readonly step: number
      readonly steps: number
      readonly loss: number
      readonly tokensPerSecond: number
    }
  | { readonly event: 'evaluated'; readonly step: number; readonly score: number }
  | { readonly event: 'device'; readonly device: string }

const MAX_DEVICE_BYTES = 64
const LINE_FEED = 10

/** The event that a line is; null for any other text. */
export function parseEvent(line: string): ProgramEvent | null {
  if (!line.startsWith('{')) return null
  let fields: Readonly<Record<string, unknown>>
  try {
    fields = JSON.parse(line)
  } catch {
    return null
  }
  const { event, step, steps, loss, tokensPerSecond = 0, score, device } = fields
  if (event === 'progress' && isCount(step) && isCount(steps) && isNumber(loss) && isNumber(tokensPerSecond)) {
    return { event, step, steps, loss, tokensPerSecond }
  }
  if (event === 'evaluated' && isCount(step) && isNumber(score)) return { event, step, score }
  const isName = typeof device === 'string' && device !== '' && Buffer.byteLength(device) <= MAX_DEVICE_BYTES
  return event === 'device' && isName ? { event, device } : null
}

/** Cuts bytes into lines of UTF-8 text without their ends; of a line that is too long the rest is dropped. */
export function createLineReader(take: (line: string) => void): { push(bytes: Uint8Array): void; end(): void } {
  let kept: Uint8Array[] = []
  let length = 0
  const add = (bytes: Uint8Array) => {
    const room = bytes.subarray(0, MAX_LINE_BYTES - length)
    if (room.length === 0) return
    kept.push(room)
    length += room.length
  }
  const finish = () => {
    const text = new TextDecoder().decode(Buffer.concat(kept)).replace(/\r$/, '')
    kept = []
    length = 0
    take(text)
  }
  return {
    push(bytes) {
      let from = 0
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
        add(bytes.subarray(from, at))
        finish()
        from = at + 1
      }
      add(bytes.subarray(from))
    },
    end() {
      if (length > 0) finish()
    },
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
