import type { Socket } from 'node:net'

/** What a link does to each piece of bytes. TCP loses nothing, it only comes late: a lost segment is a wait for its repetition. */
export interface Weather {
  /** Each piece comes up to so much later, never before an earlier one. */
  readonly jitterMs: number
  /** So large a part of the pieces is lost once and repeated, some of them twice and more: 0.3. */
  readonly loss: number
  /** So large a part of the pieces ends the connection: what a system does after many repetitions. */
  readonly resets: number
}

/** One direction of a connection. */
export interface Link {
  /** Nothing passes until `release`. */
  hold(): void
  release(): void
  /** Ends the whole connection, as a broken cable does once somebody notices. */
  reset(): void
}

/** How long a system waits before it repeats a segment the first time, twice as long each time after. */
const REPEAT_MS = 200
const MAX_REPEATS = 5

export function createLink(
  source: Socket,
  target: Socket,
  { random, weather }: { readonly random: () => number; readonly weather: () => Weather },
): Link {
  const queue: { readonly at: number; readonly bytes: Buffer | null }[] = []
  let isHeld = false
  let last = 0
  let timer: NodeJS.Timeout | undefined

  const reset = () => {
    for (const socket of [source, target]) socket.resetAndDestroy()
  }

  function delayMs({ jitterMs, loss }: Weather): number {
    let delay = random() * jitterMs
    for (let repeat = 0; repeat < MAX_REPEATS && random() < loss; repeat++) delay += REPEAT_MS * 2 ** repeat
    return delay
  }

  function deliver(): void {
    clearTimeout(timer)
    if (isHeld) return
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const wait = next.at - performance.now()
      if (wait > 0) {
        timer = setTimeout(deliver, wait)
        return
      }
      queue.shift()
      if (next.bytes === null) target.end()
      else if (!target.destroyed && !target.write(next.bytes)) {
        source.pause()
        target.once('drain', () => source.resume())
      }
    }
  }

  function add(bytes: Buffer | null): void {
    const now = weather()
    if (bytes !== null && random() < now.resets) {
      reset()
      return
    }
    last = Math.max(last, performance.now() + delayMs(now))
    queue.push({ at: last, bytes })
    deliver()
  }

  source.on('data', (bytes) => add(Buffer.from(bytes)))
  source.on('end', () => add(null))
  source.on('error', () => target.destroy())
  source.on('close', () => {
    clearTimeout(timer)
    if (source.errored ?? !source.readableEnded) target.destroy()
    else deliver()
  })

  return {
    hold: () => {
      isHeld = true
    },
    release: () => {
      isHeld = false
      last = 0
      for (const [i, { bytes }] of queue.entries()) queue[i] = { at: 0, bytes }
      deliver()
    },
    reset,
  }
}
