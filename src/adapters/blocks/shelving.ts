import type { CID } from 'multiformats/cid'
import { type DigestTree, rootOf, treeOfDigests } from '../../checkpoint/digest-tree.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { ReceiveOptions } from '../../ports/weight-files.ts'
import type { DurableLater } from './durable-later.ts'
import type { FileFolder } from './file-folder.ts'
import type { FileShelf } from './file-shelf.ts'
import type { InUse } from './in-use.ts'
import { isUnchanged, lookAt } from './linked-file.ts'
import type { LooseBlocks } from './loose-blocks.ts'
import type { OpenFiles } from './open-files.ts'
import { isWhole, type StoredFile } from './stored-file.ts'

/** How files become those of the store. All errors are the system's, but for `bad-input`. */
export interface Shelving {
  wholeOf(root: CID): StoredFile | undefined
  settle(aside: string, tree: DigestTree, options?: ReceiveOptions): Promise<CID>
  link(path: string, digest: () => Promise<Uint8Array>): Promise<CID>
  /** Files of somebody else's that changed, and that a copy took the place of since this was called last. */
  takeReplaced(): readonly ChangedLink[]
}

export interface ChangedLink {
  readonly root: CID
  readonly path: string
}

export function createShelving(options: {
  readonly folder: FileFolder
  readonly shelf: FileShelf
  readonly files: OpenFiles
  readonly inUse: InUse
  readonly later: DurableLater
  readonly loose: Pick<LooseBlocks, 'has'> & { delete(cid: CID): Promise<unknown> }
}): Shelving {
  const { folder, shelf, files, inUse, later, loose } = options
  const replaced: ChangedLink[] = []

  const wholeOf = (root: CID): StoredFile | undefined => {
    const file = shelf.whole(root)
    return file !== undefined && isWhole(file) ? file : undefined
  }

  /** What lies aside takes its name; a damaged one or another's link that had it goes. */
  async function settle(aside: string, tree: DigestTree, { durable = 'now' }: ReceiveOptions = {}): Promise<CID> {
    const root = rootOf(tree)
    await inUse.touch(root, 'stored')
    if (wholeOf(root)?.link === null) {
      if (durable === 'now') await later.settle(root)
      return root
    }
    const before = shelf.whole(root)
    // What was here has an index, which would vouch for bytes that are not on the disk yet.
    const isLater = durable === 'soon' && before === undefined
    const path = isLater ? await folder.giveName(aside, root) : await folder.settle(aside, tree)
    const file = replace(before, { root, tree, path, link: null })
    if (before?.link) replaced.push({ root, path: before.path })
    if (isLater) {
      file.isDurable = false
      later.add(root, async () => {
        await folder.settleNamed(tree)
        file.isDurable = true
      })
    }
    await forgetLoose(tree)
    return root
  }

  function replace(
    before: StoredFile | undefined,
    facts: Pick<StoredFile, 'root' | 'tree' | 'path' | 'link'>,
  ): StoredFile {
    if (before !== undefined) shelf.remove(before)
    files.forget(facts.path)
    return shelf.add({ ...facts, isWhole: true })
  }

  /** Blocks of it that came one by one; most files have none. */
  async function forgetLoose(tree: DigestTree): Promise<void> {
    for (const cid of shelf.blocksOf(tree)) if (await loose.has(cid)) await loose.delete(cid)
  }

  async function link(path: string, digest: () => Promise<Uint8Array>): Promise<CID> {
    const looked = await lookAt(path)
    const tree = treeOfDigests(await digest(), looked.bytes)
    const root = rootOf(tree)
    await inUse.touch(root, 'stored')
    // Its own copy is more sure.
    if (wholeOf(root)?.link === null) return root
    if (!(await isUnchanged(looked))) throw changedMeanwhile(path)
    await folder.settleLink(root, { tree, link: looked.link })
    replace(shelf.whole(root), { root, tree, path, link: looked.link })
    return root
  }

  return { wholeOf, settle, link, takeReplaced: () => replaced.splice(0) }
}

function changedMeanwhile(path: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} changed while it was read.`, {
    hint: 'import it again once nothing writes to it any more',
  })
}
