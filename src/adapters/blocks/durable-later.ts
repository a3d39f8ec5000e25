import type { CID } from 'multiformats/cid'
import { DEFAULT_DURABLE_AFTER_MS, DEFAULT_DURABLE_WITHIN_MS } from './limits.ts'

/** Files that are used before they are on the disk for certain. They are put there a little later, one at a time, so that no round waits for the disk. */
export interface DurableLater extends AsyncDisposable {
  add(root: CID, settle: () => Promise<void>): void
  /** Resolves when it is durable. @throws what the disk says: it is tried again later */
  settle(root: CID): Promise<void>
  /** It is deleted: resolves when nothing is written for it any more. */
  forget(root: CID): Promise<void>
}

export function createDurableLater(now: () => number = () => performance.now()): DurableLater {
  const waiting = new Map<string, () => Promise<void>>()
  const running = new Map<string, Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let firstAt = 0

  function run(key: string): Promise<void> {
    const known = running.get(key)
    if (known !== undefined) return known
    const settle = waiting.get(key)
    if (settle === undefined) return Promise.resolve()
    const settling = settle().then(() => {
      // Unless another of its name was added meanwhile.
      if (waiting.get(key) === settle) waiting.delete(key)
    })
    const over = settling.finally(() => running.delete(key))
    running.set(key, over)
    return over
  }

  /** What fails stays: at the next start it is read again. */
  async function runAll(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    for (const key of [...waiting.keys()]) await run(key).catch(() => {})
  }

  function schedule(): void {
    if (timer === undefined) firstAt = now()
    clearTimeout(timer)
    const left = Math.max(0, firstAt + DEFAULT_DURABLE_WITHIN_MS - now())
    timer = setTimeout(() => void runAll(), Math.min(DEFAULT_DURABLE_AFTER_MS, left))
    timer.unref()
  }

  return {
    add(root, settle) {
      waiting.set(String(root), settle)
      schedule()
    },
    settle: (root) => run(String(root)),
    async forget(root) {
      const key = String(root)
      waiting.delete(key)
      await running.get(key)?.catch(() => {})
    },
    [Symbol.asyncDispose]: runAll,
  }
}
