import { DEFAULT_TURN_BYTES } from './limits.ts'

/** Shares a rate among those that send. */
export interface UploadRate {
  /** Waits until `key` may send so many bytes. Urgent ones go first; among the others, each peer in turn. */
  take(key: string, bytes: number, options: { readonly isUrgent: boolean; readonly signal: AbortSignal }): Promise<void>
}

interface Turn {
  readonly bytes: number
  readonly isUrgent: boolean
  readonly begin: () => void
}

/** No limit. */
export const UNLIMITED: UploadRate = { take: async () => {} }

/** Tokens come at a steady rate, up to a tenth of a second of them. */
export function createUploadRate(bytesPerSecond: number): UploadRate {
  /** By peer; who had a turn goes to the end. */
  const queues = new Map<string, Turn[]>()
  const burst = Math.max(bytesPerSecond / 10, DEFAULT_TURN_BYTES)
  let tokens = burst
  let at = performance.now()
  let timer: NodeJS.Timeout | undefined

  function refill(): void {
    const now = performance.now()
    tokens = Math.min(burst, tokens + ((now - at) * bytesPerSecond) / 1000)
    at = now
  }

  function nextTurn(): { key: string; turn: Turn } | undefined {
    let first: { key: string; turn: Turn } | undefined
    for (const [key, [turn]] of queues) {
      if (turn === undefined) continue
      if (turn.isUrgent) return { key, turn }
      first ??= { key, turn }
    }
    return first
  }

  function leave(key: string, turn: Turn): void {
    const rest = queues.get(key)?.filter((other) => other !== turn) ?? []
    queues.delete(key)
    if (rest.length > 0) queues.set(key, rest)
  }

  function serve(): void {
    clearTimeout(timer)
    timer = undefined
    refill()
    for (let next = nextTurn(); next !== undefined; next = nextTurn()) {
      // On credit: a turn may be longer than the burst.
      if (tokens <= 0) {
        timer = setTimeout(serve, Math.max(1, (-tokens * 1000) / bytesPerSecond + 1))
        return
      }
      tokens -= next.turn.bytes
      leave(next.key, next.turn)
      next.turn.begin()
    }
  }

  return {
    async take(key, bytes, { isUrgent, signal }) {
      if (signal.aborted) return
      await new Promise<void>((resolve) => {
        const turn: Turn = {
          bytes,
          isUrgent,
          begin: () => {
            signal.removeEventListener('abort', stop)
            resolve()
          },
        }
        const stop = (): void => {
          leave(key, turn)
          resolve()
        }
        signal.addEventListener('abort', stop, { once: true })
        queues.set(key, [...(queues.get(key) ?? []), turn])
        if (timer === undefined) serve()
      })
    },
  }
}
