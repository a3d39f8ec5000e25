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

/** The bases of such a file in order, one in memory at a time, decoded as those of a peer are. */
export async function* readRounds(path: string): AsyncGenerator<SyncBase, undefined> {
  const file = await open(path)
  const take = async (bytes: number) => (await file.read(Buffer.alloc(bytes), 0, bytes)).buffer
  const { size } = await file.stat()
  for (let at = 0; at < size; ) {
    const bytes = (await take(LENGTH_BYTES)).readUInt32LE()
    yield syncBase.decode(await take(bytes))
    at += LENGTH_BYTES + bytes
  }
  await file.close()
}
