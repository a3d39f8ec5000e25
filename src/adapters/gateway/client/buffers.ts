/** Buffers for leaves on their way to the disk, used again and again. */
export interface Buffers {
  take(): Buffer
  giveBack(buffer: Buffer): void
  /** False when so many are in use that senders should wait. */
  readonly haveRoom: boolean
}

export function createBuffers({ bytes, max }: { readonly bytes: number; readonly max: number }): Buffers {
  const free: Buffer[] = []
  let inUse = 0
  return {
    take() {
      inUse++
      return free.pop() ?? Buffer.allocUnsafeSlow(bytes)
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
