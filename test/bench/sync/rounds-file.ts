import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type SyncBase, syncBase } from '../../../protocols/sync/messages.ts'

const LENGTH_BYTES = 4

/** Writes frames of sync, each after its length (u32, little-endian). */
export async function writeRounds(path: string, frames: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx')
  for await (const frame of frames) {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(frame.length)
    await file.write(Buffer.concat([length, frame]))
  }
  await file.close()
}

/** The bases of such a file in order, each decoded as that of a peer is. Memory: a piece of the file. */
export async function* readRounds(path: string): AsyncGenerator<SyncBase, undefined> {
  let rest = Buffer.alloc(0)
  for await (const piece of createReadStream(path)) {
    rest = Buffer.concat([rest, piece])
    let at = 0
    while (rest.length >= at + LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + rest.readUInt32LE(at)
      if (end > rest.length) break
      yield syncBase.decode(Uint8Array.from(rest.subarray(at + LENGTH_BYTES, end)))
      at = end
    }
    rest = rest.subarray(at)
  }
}
