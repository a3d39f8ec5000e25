/** Who may be answered at once; the others wait a little, and are then told to come again. */
export interface UploadSlots {
  /** Resolves with the function that gives the slot back, or with why there was none in time: of its own, or of all. */
  take(key: string, signal: AbortSignal): Promise<(() => void) | 'own' | 'all'>
  readonly active: number
}

export interface UploadSlotsOptions {
  readonly total: number
  readonly perKey: number
  readonly maxWaiting: number
  readonly waitMs: number
}

interface Waiter {
  readonly key: string
  readonly begin: () => void
}

export function createUploadSlots({ total, perKey, maxWaiting, waitMs }: UploadSlotsOptions): UploadSlots {
  const held = new Map<string, number>()
  const waiting: Waiter[] = []
  let active = 0

  const heldBy = (key: string): number => held.get(key) ?? 0
  const isFree = (key: string): boolean => active < total && heldBy(key) < perKey

  function hold(key: string): () => void {
    active++
    held.set(key, heldBy(key) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      active--
      if (heldBy(key) <= 1) held.delete(key)
      else held.set(key, heldBy(key) - 1)
      beginNext()
    }
  }

  /** Of those that wait, the one whose peer has the fewest. */
  function beginNext(): void {
    const free = waiting.filter(({ key }) => isFree(key))
    const next = free.reduce<Waiter | undefined>(
      (best, waiter) => (best === undefined || heldBy(waiter.key) < heldBy(best.key) ? waiter : best),
      undefined,
    )
    if (next === undefined) return
    waiting.splice(waiting.indexOf(next), 1)
    next.begin()
  }

  return {
    async take(key, signal) {
      if (isFree(key)) return hold(key)
      const why = (): 'own' | 'all' => (heldBy(key) >= perKey ? 'own' : 'all')
      const others = waiting.reduce((count, waiter) => count + (waiter.key === key ? 1 : 0), 0)
      if (waiting.length >= maxWaiting || others >= perKey) return why()
      return await new Promise((resolve) => {
        const leave = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', leave)
          waiting.splice(waiting.indexOf(waiter), 1)
          resolve(why())
        }
        const timer = setTimeout(leave, waitMs)
        const waiter: Waiter = {
          key,
          begin: () => {
            clearTimeout(timer)
            signal.removeEventListener('abort', leave)
            resolve(hold(key))
          },
        }
        signal.addEventListener('abort', leave, { once: true })
        waiting.push(waiter)
      })
    },
    get active() {
      return active
    },
  }
}
