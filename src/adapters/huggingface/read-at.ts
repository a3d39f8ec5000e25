import type { FileHandle } from 'node:fs/promises'
import { ColdmeshError } from '../../ports/errors.ts'

export type ReadableFile = Pick<FileHandle, 'read' | 'fd'>

/** Bytes of a file, in memory of their own. @throws ColdmeshError `bad-checkpoint` when the file is shorter by now */
export async function readAt(file: ReadableFile, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let held = 0
  while (held < length) {
    const { bytesRead } = await file.read(bytes, held, length - held, offset + held)
    if (bytesRead === 0) throw new ColdmeshError('bad-checkpoint', 'A weights file became shorter while it was read.')
    held += bytesRead
  }
  return bytes
}
