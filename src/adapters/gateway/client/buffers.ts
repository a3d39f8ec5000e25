/** Buffers, none of them Node's (whose `slice` does not copy), for leaves on their way to the disk, used again and again. */
export interface Buffers {
  /** Of `bytes` each. */
  readonly bytes: number
  take(): Uint8Array
  giveBack(buffer: Uint8Array): void
  /** False when so many are in use that senders should wait. */
  readonly haveRoom: boolean
  /** Calls back once, when there is room again. */
  whenRoom(resume: () => void): void
  /** Until it is disposed, free ones are kept. */
  hold(): Disposable
}

/** For all fetches together. */
export function createBuffers({ bytes, max }: { readonly bytes: number; readonly max: number }): Buffers {
  const free: Uint8Array[] = []
  const waiting: (() => void)[] = []
  let inUse = 0
  let holders = 0
  return {
    bytes,
    take() {
      inUse++
      return free.pop() ?? new Uint8Array(bytes)
    },
    giveBack(buffer) {
      inUse--
      if (holders > 0 && free.length < max) free.push(buffer)
      if (inUse < max) for (const resume of waiting.splice(0)) resume()
    },
    get haveRoom() {
      return inUse < max
    },
    whenRoom: (resume) => void waiting.push(resume),
    hold() {
      holders++
      return {
        [Symbol.dispose]() {
          holders--
          if (holders === 0) free.length = 0
        },
      }
    },
  }
}
