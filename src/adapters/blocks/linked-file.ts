import { stat } from 'node:fs/promises'
import type { LinkedFile } from './leaf-index.ts'

/** A file as it is now. */
export interface LookedAt {
  readonly link: LinkedFile
  readonly bytes: number
}

/** System errors pass through. */
export async function lookAt(path: string): Promise<LookedAt> {
  const { ino, mtimeNs, size } = await stat(path, { bigint: true })
  return { link: { path, inode: String(ino), modified: String(mtimeNs) }, bytes: Number(size) }
}

/** Whether the file is what it was: the same one, not written to since. */
export async function isUnchanged({ link, bytes }: LookedAt): Promise<boolean> {
  const now = await lookAt(link.path).catch(() => null)
  return now?.bytes === bytes && now.link.inode === link.inode && now.link.modified === link.modified
}
