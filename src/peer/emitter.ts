/** Hands every event to every iterator that is open; a slow iterator loses its oldest events, never memory. */
export interface Emitter<T> {
  emit(event: T): void
  /** Events from now on, until `signal` aborts or the emitter closes. Subscribed when this returns. */
  iterate(signal?: AbortSignal): AsyncIterable<T>
  on(listener: (event: T) => void): () => void
  close(): void
}

const MAX_QUEUED = 4096

export function createEmitter<T>(): Emitter<T> {
  const listeners = new Set<(event: T) => void>()
  const closers = new Set<() => void>()

  function iterate(signal?: AbortSignal): AsyncIterable<T> {
    const queue: T[] = []
    let wake: (() => void) | null = null
    let isOver = signal?.aborted ?? false
    const stop = () => {
      isOver = true
      listeners.delete(listener)
      closers.delete(stop)
      wake?.()
    }
    const listener = (event: T) => {
      if (queue.length >= MAX_QUEUED) queue.shift()
      queue.push(event)
      wake?.()
    }
    if (!isOver) {
      listeners.add(listener)
      closers.add(stop)
      signal?.addEventListener('abort', stop, { once: true })
    }
    async function* drain(): AsyncGenerator<T> {
      try {
        for (;;) {
          const next = queue.shift()
          if (next !== undefined) yield next
          else if (isOver) return
          else await new Promise<void>((resolve) => (wake = resolve))
          wake = null
        }
      } finally {
        stop()
        signal?.removeEventListener('abort', stop)
      }
    }
    return drain()
  }

  return {
    emit: (event) => {
      for (const listener of [...listeners]) listener(event)
    },
    iterate,
    on: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      for (const close of [...closers]) close()
      listeners.clear()
    },
  }
}
