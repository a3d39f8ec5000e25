import type { CID } from 'multiformats/cid'
import type { KuboBlocks } from '../../adapters/kubo/blocks.ts'
import { LEAF_BYTES, listLeaves } from '../../checkpoint/unixfs.ts'
import { ColdmeshError, type ErrorCode, isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { FileToReceive, KeptFile, WeightFiles } from '../../ports/weight-files.ts'

export interface KuboFiles {
  readonly files: WeightFiles
  /** Files in the folder that Kubo has too. */
  readonly copies: Map<string, CID>
}

const NOT_HERE: readonly ErrorCode[] = ['block-missing', 'block-corrupt', 'bad-checkpoint']

/** Files of weights are worked on in the folder; Kubo has them once they are finished, and gives them back when they are opened. */
export function createKuboFiles(options: {
  readonly folder: WeightFiles
  readonly blocks: Pick<LocalBlocks, 'get' | 'take'>
  readonly kubo: Pick<KuboBlocks, 'add' | 'isAdded'>
}): KuboFiles {
  const { folder, blocks, kubo } = options
  const copies = new Map<string, CID>()

  /** What is whole in the folder goes to Kubo, unless it has it. */
  async function give(root: CID): Promise<void> {
    if (copies.has(String(root))) return
    await using file = await folder.open(root)
    if (file === null) return
    if (!(await kubo.isAdded(root))) await kubo.add({ root, path: file.path, bytes: file.bytes })
    copies.set(String(root), root)
  }

  /** Leaves that Kubo has go to their places in the folder. */
  async function begin(file: FileToReceive) {
    const incoming = await folder.receive(file)
    const missing: number[] = []
    for (const index of incoming.missing) {
      const cid = file.leaves[index]?.cid
      const block = cid === undefined ? undefined : await blocks.take(cid)
      if (block === undefined) missing.push(index)
      else await incoming.write(index, block)
    }
    return { incoming, missing }
  }

  async function materialize(root: CID): Promise<KeptFile | null> {
    const file = await leavesOf(root)
    if (file === null) return null
    const { incoming, missing } = await begin(file)
    await using _ = incoming
    if (missing.length > 0) return null
    await incoming.finish()
    return await folder.open(root)
  }

  const files: WeightFiles = {
    check: folder.check,
    partOf: folder.partOf,
    async open(root) {
      const here = (await folder.open(root)) ?? (await materialize(root))
      if (here === null) return null
      try {
        await give(root)
      } catch (error) {
        await here[Symbol.asyncDispose]()
        throw error
      }
      return here
    },
    async receive(file) {
      const { incoming, missing } = await begin(file)
      return {
        missing,
        write: incoming.write,
        async finish() {
          await incoming.finish()
          await give(file.root)
        },
        [Symbol.asyncDispose]: () => incoming[Symbol.asyncDispose](),
      }
    },
    async link() {
      throw new ColdmeshError(
        'unsupported',
        'A file can be kept where it is by the data directory, not by a Kubo node.',
        {
          hint: 'import it without --nocopy',
        },
      )
    },
    async make(bytes) {
      const making = await folder.make(bytes)
      return {
        path: making.path,
        async finish(digests) {
          const root = await making.finish(digests)
          await give(root)
          return root
        },
        [Symbol.asyncDispose]: () => making[Symbol.asyncDispose](),
      }
    },
  }

  async function leavesOf(root: CID): Promise<FileToReceive | null> {
    try {
      const get = (cid: CID) => blocks.get(cid)
      const { leaves, bytes } = await listLeaves(root, get, { maxBytes: Number.MAX_SAFE_INTEGER })
      return bytes <= LEAF_BYTES ? null : { root, bytes, leaves }
    } catch (error) {
      if (isColdmeshError(error) && NOT_HERE.includes(error.code)) return null
      throw error
    }
  }

  return { files, copies }
}
