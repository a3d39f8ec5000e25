export interface Slots {
  /** Waits for a free slot of `key`; returns the function that gives it back. Rejects with the signal's reason. */
  take(key: string, signal: AbortSignal): Promise<() => void>
}

interface Lane {
  active: number
  readonly waiting: (() => void)[]
}

/** At most `size` holders per key; others wait in turn. */
export function createSlots(size: number): Slots {
  const lanes = new Map<string, Lane>()

  const release = (key: string, lane: Lane): void => {
    const next = lane.waiting.shift()
    if (next === undefined) {
      lane.active--
      if (lane.active === 0) lanes.delete(key)
    } else {
      next()
    }
  }

  const holder = (key: string, lane: Lane): (() => void) => {
    let held = true
    return () => {
      if (!held) return
      held = false
      release(key, lane)
    }
  }

  return {
    async take(key, signal) {
      signal.throwIfAborted()
      const lane = lanes.get(key) ?? { active: 0, waiting: [] }
      lanes.set(key, lane)
      if (lane.active < size) {
        lane.active++
        return holder(key, lane)
      }
      await new Promise<void>((resolve, reject) => {
        const turn = (): void => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        const leave = (): void => {
          lane.waiting.splice(lane.waiting.indexOf(turn), 1)
          reject(signal.reason)
        }
        lane.waiting.push(turn)
        signal.addEventListener('abort', leave, { once: true })
      })
      return holder(key, lane)
    },
  }
}
