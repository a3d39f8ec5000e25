/** Reads a stream of chunks of any size in windows of a wanted size. */
export interface WindowReader {
  /**
   * The next `bytes` bytes at an address that is a multiple of 4, valid until the next call; fewer when the stream ends.
   * The stream's own chunk is given when it fits, so nothing is copied.
   */
  take(bytes: number): Promise<Uint8Array>
  /** True when the stream has no byte left. */
  isAtEnd(): Promise<boolean>
  /** Lets go of the stream. Idempotent. */
  close(): Promise<void>
}

export function createWindowReader(source: AsyncIterable<Uint8Array>, maxBytes: number): WindowReader {
  const iterator = source[Symbol.asyncIterator]()
  let buffer: Uint8Array | undefined
  let chunk: Uint8Array = new Uint8Array()
  let at = 0
  let isDone = false

  /** Makes sure that `chunk` has a byte at `at`. */
  async function more(): Promise<boolean> {
    while (!isDone && at === chunk.length) {
      const next = await iterator.next()
      if (next.done === true) {
        isDone = true
        break
      }
      chunk = next.value
      at = 0
    }
    return at < chunk.length
  }

  function isAligned(): boolean {
    return (chunk.byteOffset + at) % 4 === 0
  }

  return {
    async take(bytes) {
      if (!(await more())) return new Uint8Array()
      if (chunk.length - at >= bytes && isAligned()) {
        at += bytes
        return chunk.subarray(at - bytes, at)
      }
      buffer ??= new Uint8Array(maxBytes)
      let held = 0
      while (held < bytes && (await more())) {
        const taken = Math.min(bytes - held, chunk.length - at)
        buffer.set(chunk.subarray(at, at + taken), held)
        at += taken
        held += taken
      }
      return buffer.subarray(0, held)
    },
    async isAtEnd() {
      return !(await more())
    },
    async close() {
      if (isDone) return
      isDone = true
      await iterator.return?.()
    },
  }
}
