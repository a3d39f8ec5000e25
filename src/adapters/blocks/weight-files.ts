import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { cidOf, rootOf, treeOfDigests } from '../../checkpoint/digest-tree.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import type { FileToReceive, IncomingFile, KeptFile, ReceiveOptions, WeightFiles } from '../../ports/weight-files.ts'
import type { DiskRoom } from './disk-room.ts'
import type { DurableLater } from './durable-later.ts'
import type { FileFolder } from './file-folder.ts'
import { beginFile } from './file-in-the-making.ts'
import type { FileShelf } from './file-shelf.ts'
import type { InUse } from './in-use.ts'
import { type Incoming, openIncoming } from './incoming-file.ts'
import { isUnchanged } from './linked-file.ts'
import type { OpenFiles } from './open-files.ts'
import { type ChangedLink, createShelving } from './shelving.ts'
import { digestOf, findRot, readLeaf, type StoredFile } from './stored-file.ts'

export interface WeightFilesOptions {
  readonly directory: string
  readonly folder: FileFolder
  readonly shelf: FileShelf
  readonly files: OpenFiles
  readonly inUse: InUse
  readonly later: DurableLater
  readonly room: Pick<DiskRoom, 'reserve'>
  /** Makes no file of blocks that came one by one. */
  readonly onlyReads: boolean
  /** Blocks that lie outside the files. */
  readonly loose: {
    has(cid: CID): Promise<boolean>
    /** Undefined when it is not here or damaged. */
    take(cid: CID): Promise<Uint8Array | undefined>
    delete(cid: CID): Promise<unknown>
  }
}

export interface OwnedFiles extends WeightFiles {
  /** Looks at all files of somebody else's: those that are not what they were any more, and those that a copy took the place of since the last look. */
  changedLinks(): Promise<readonly ChangedLink[]>
  /** Puts a leaf into the files that wait for it; false when none does. */
  takeLeaf(cid: CID, block: Uint8Array): Promise<boolean>
  /** Deletes a file, or what came of it. */
  remove(root: CID): Promise<{ readonly blocks: number; readonly bytes: number }>
}

export function createWeightFiles(options: WeightFilesOptions): OwnedFiles {
  const { directory, folder, shelf, files, inUse, room, loose, later } = options
  const incoming = new Map<string, Promise<Incoming>>()
  const refusal = (error: unknown) => diskRefusal(error, 'write a file of weights', directory)

  const { wholeOf, settle, link, takeReplaced } = createShelving({ folder, shelf, files, inUse, later, loose })

  async function copyOf(into: StoredFile, leaf: number, buffer: Uint8Array): Promise<Uint8Array | null> {
    const cid = cidOf(digestOf(into, leaf), 0)
    for (const place of shelf.places(cid)) {
      if (place.file === into || place.file.here[place.leaf] === 0) continue
      const block = await readLeaf(place.file, place.leaf, { files, into: buffer })
      if (block !== null) return block
    }
    return (await loose.take(cid)) ?? null
  }

  /** Somebody else's file is looked at before it is worked with as a whole. */
  async function wholeNow(root: CID): Promise<StoredFile | undefined> {
    const file = wholeOf(root)
    if (file === undefined || file.link === null) return file
    if (await isUnchanged({ link: file.link, bytes: file.tree.bytes })) return file
    file.here.fill(0)
    files.forget(file.path)
    return undefined
  }

  async function begin({ root, bytes, leaves }: FileToReceive): Promise<Incoming> {
    const tree = treeOfDigests(Buffer.concat(leaves.map(({ cid }) => cid.multihash.digest)), bytes)
    if (!equalCids(rootOf(tree), root)) throw new Error('these are not the leaves of that file')
    const path = folder.incomingPath(root)
    using stack = new DisposableStack()
    try {
      stack.use(room.reserve(path, bytes))
      await folder.prepare()
    } catch (error) {
      throw refusal(error)
    }
    const file = shelf.incoming(root) ?? shelf.add({ root, tree, path, link: null, isWhole: false })
    const reserved = stack.move()
    try {
      return await openIncoming({
        ...{ file, copyOf, refusal },
        // What came stays to be served, and to be gone on with.
        onClosed: () => {
          incoming.delete(String(root))
          reserved.dispose()
        },
        settle: async (how) => {
          await settle(path, tree, how)
          forgetIncoming(root)
        },
      })
    } catch (error) {
      reserved.dispose()
      throw error
    }
  }

  function forgetIncoming(root: CID): void {
    incoming.delete(String(root))
    const file = shelf.incoming(root)
    if (file === undefined) return
    shelf.remove(file)
    files.forget(file.path)
  }

  async function join(file: FileToReceive, how: ReceiveOptions): Promise<IncomingFile> {
    if ((await wholeNow(file.root)) !== undefined) return NOTHING_MISSING
    const key = String(file.root)
    const started = incoming.get(key) ?? begin(file)
    incoming.set(key, started)
    started.catch(() => incoming.delete(key))
    return (await started).join(how)
  }

  async function receive(file: FileToReceive, how: ReceiveOptions = {}): Promise<IncomingFile> {
    const pin = inUse.pin(file.root)
    try {
      const joined = await join(file, how)
      return {
        get missing() {
          return joined.missing
        },
        write: joined.write,
        async finish() {
          await joined.finish()
          // Somebody else may have finished it, in less of a hurry.
          if (how.durable !== 'soon') await later.settle(file.root)
        },
        async [Symbol.asyncDispose]() {
          await joined[Symbol.asyncDispose]()
          pin[Symbol.dispose]()
        },
      }
    } catch (error) {
      pin[Symbol.dispose]()
      throw error
    }
  }

  /** A file of blocks that came one by one. */
  async function assemble(root: CID): Promise<void> {
    if (options.onlyReads) return
    const get = async (cid: CID): Promise<Uint8Array> => {
      const block = shelf.node(cid) ?? (await loose.take(cid))
      if (block === undefined) throw new Error('not here')
      return block
    }
    const listed = await listLeaves(root, get, { maxBytes: Number.MAX_SAFE_INTEGER }).catch(() => null)
    if (listed === null) return
    for (const { cid } of listed.leaves) {
      const isHere = shelf.places(cid).some(({ file, leaf }) => file.here[leaf] === 1) || (await loose.has(cid))
      if (!isHere) return
    }
    await using file = await receive({ root, ...listed })
    if (file.missing.length === 0) await file.finish()
  }

  return {
    async open(root): Promise<KeptFile | null> {
      await inUse.touch(root, 'read')
      const pin = inUse.pin(root)
      try {
        const file = (await wholeNow(root)) ?? (await assemble(root).then(() => wholeOf(root)))
        if (file !== undefined) {
          return { path: file.path, bytes: file.tree.bytes, [Symbol.asyncDispose]: async () => pin[Symbol.dispose]() }
        }
      } catch (error) {
        pin[Symbol.dispose]()
        throw error
      }
      pin[Symbol.dispose]()
      return null
    },
    partOf: (root) => (wholeOf(root) === undefined ? (shelf.incoming(root) ?? null) : null),
    receive,
    async changedLinks() {
      const links = [...shelf.all].filter(({ link }) => link !== null)
      for (const { root } of links) await wholeNow(root)
      return [...takeReplaced(), ...links.filter(({ here }) => here.includes(0))]
    },
    async check(root) {
      await inUse.touch(root, 'read')
      using _ = inUse.pin(root)
      const file = shelf.whole(root)
      return file === undefined
        ? 0
        : await findRot(file, files).catch((error: unknown) => Promise.reject(refusal(error)))
    },
    async link(path, digest) {
      try {
        return await link(path, digest)
      } catch (error) {
        throw refusal(error)
      }
    },
    async make(bytes) {
      try {
        const path = await folder.makingPath()
        const reserved = room.reserve(path, bytes)
        const onClosed = () => reserved[Symbol.dispose]()
        return await beginFile({ ...{ path, bytes, refusal, onClosed }, settle: (tree) => settle(path, tree) })
      } catch (error) {
        throw refusal(error)
      }
    },
    async takeLeaf(cid, block) {
      let isTaken = false
      for (const started of incoming.values()) {
        const file = await started.catch(() => null)
        if (file !== null && (await file.take(cid, block))) isTaken = true
      }
      return isTaken
    },
    async remove(root) {
      const file = shelf.whole(root)
      if (file !== undefined) shelf.remove(file)
      await later.forget(root)
      try {
        if (!incoming.has(String(root))) {
          forgetIncoming(root)
          await folder.removeIncoming(root)
        }
        if (file === undefined) return { blocks: 0, bytes: 0 }
        files.forget(file.path)
        await folder.remove(root, file.link !== null)
        return { blocks: file.here.length, bytes: file.link === null ? file.tree.bytes : 0 }
      } catch (error) {
        throw diskRefusal(error, 'delete a file of weights', directory)
      }
    },
  }
}

const NOTHING_MISSING: IncomingFile = {
  missing: [],
  write: async () => {},
  finish: async () => {},
  [Symbol.asyncDispose]: async () => {},
}
