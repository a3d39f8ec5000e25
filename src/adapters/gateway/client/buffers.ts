/** Buffers, none of them Node's (whose `slice` does not copy), for leaves on their way to the disk, used again and again. */
export interface Buffers {
  take(): Uint8Array
  giveBack(buffer: Uint8Array): void
  /** False when so many are in use that senders should wait. */
  readonly haveRoom: boolean
}

export function createBuffers({ bytes, max }: { readonly bytes: number; readonly max: number }): Buffers {
  const free: Uint8Array[] = []
  let inUse = 0
  return {
    take() {
      inUse++
      return free.pop() ?? new Uint8Array(bytes)
    },
    giveBack(buffer) {
      inUse--
      if (free.length < max) free.push(buffer)
    },
    get haveRoom() {
      return inUse < max
    },
  }
}
