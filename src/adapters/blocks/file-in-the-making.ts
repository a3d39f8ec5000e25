import { open, rm, stat } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { type DigestTree, treeOfDigests } from '../../checkpoint/digest-tree.ts'
import type { FileInTheMaking } from '../../ports/weight-files.ts'

export interface MakingOptions {
  /** Nothing is there yet. */
  readonly path: string
  readonly bytes: number
  /** Makes it a file of the store. */
  readonly settle: (tree: DigestTree) => Promise<CID>
  readonly refusal: (error: unknown) => Error
  /** Nobody works on it any more. */
  readonly onClosed: () => void
}

export async function beginFile({ path, bytes, settle, refusal, onClosed }: MakingOptions): Promise<FileInTheMaking> {
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    onClosed()
    throw refusal(error)
  }
  return {
    path,
    async finish(digests) {
      const tree = treeOfDigests(digests, bytes)
      try {
        const { size } = await stat(path)
        if (size !== bytes) throw new Error(`the file has ${size} bytes, not ${bytes}`)
        return await settle(tree)
      } catch (error) {
        throw refusal(error)
      }
    },
    async [Symbol.asyncDispose]() {
      onClosed()
      await rm(path, { force: true })
    },
  }
}
