import type { CID } from 'multiformats/cid'
import { cidOf, DIGEST_BYTES, type DigestTree, digestAt, writeNode } from '../../checkpoint/digest-tree.ts'
import { keyOfBlock } from './in-use.ts'
import { createLeafTable } from './leaf-table.ts'
import { type StoredFile, storedFile } from './stored-file.ts'

/** The files that are here, in memory: which blocks each has, and where. */
export interface FileShelf {
  add(facts: Pick<StoredFile, 'root' | 'tree' | 'path' | 'link' | 'isWhole'>): StoredFile
  remove(file: StoredFile): void
  /** The one under its own name. */
  whole(root: CID): StoredFile | undefined
  /** The one that is being brought here. */
  incoming(root: CID): StoredFile | undefined
  /** Where a leaf is or should be, the places that have it first. */
  places(cid: CID): readonly { readonly file: StoredFile; readonly leaf: number }[]
  /** A node of a file, written again. */
  node(cid: CID): Uint8Array | undefined
  hasNode(cid: CID): boolean
  /** All blocks of a file: its leaves, then the nodes above them. */
  blocksOf(tree: DigestTree): Iterable<CID>
  readonly all: Iterable<StoredFile>
}

export function createFileShelf(): FileShelf {
  const files = new Map<number, StoredFile>()
  const whole = new Map<string, StoredFile>()
  const incoming = new Map<string, StoredFile>()
  const nodes = new Map<string, { readonly file: StoredFile; readonly height: number; readonly index: number }[]>()
  const table = createLeafTable()
  let next = 0

  function eachNode(file: StoredFile, work: (key: string, height: number, index: number) => void): void {
    file.tree.levels.forEach((level, height) => {
      if (height === 0) return
      for (let index = 0; index < level.length / DIGEST_BYTES; index++)
        work(keyOf(digestAt(level, index)), height, index)
    })
  }

  return {
    add(facts) {
      const file = storedFile({ ...facts, number: next++ })
      files.set(file.number, file)
      ;(file.isWhole ? whole : incoming).set(keyOfBlock(file.root), file)
      table.add(file.number, file.tree.levels[0] ?? new Uint8Array())
      // Of one that is not whole the nodes lie here as blocks.
      if (!file.isWhole) return file
      eachNode(file, (key, height, index) => {
        nodes.set(key, [...(nodes.get(key) ?? []), { file, height, index }])
      })
      return file
    },
    remove(file) {
      files.delete(file.number)
      const named = file.isWhole ? whole : incoming
      if (named.get(keyOfBlock(file.root)) === file) named.delete(keyOfBlock(file.root))
      table.remove(file.number)
      eachNode(file, (key) => {
        const others = (nodes.get(key) ?? []).filter((node) => node.file !== file)
        if (others.length > 0) nodes.set(key, others)
        else nodes.delete(key)
      })
    },
    whole: (root) => whole.get(keyOfBlock(root)),
    incoming: (root) => incoming.get(keyOfBlock(root)),
    places(cid) {
      const found = table.find(cid.multihash.digest).flatMap(({ file: number, leaf }) => {
        const file = files.get(number)
        return file === undefined ? [] : [{ file, leaf }]
      })
      return found.length < 2 ? found : found.toSorted((a, b) => isHere(b) - isHere(a))
    },
    node(cid) {
      const [found] = nodes.get(keyOfBlock(cid)) ?? []
      return found === undefined ? undefined : writeNode(found.file.tree, found.height, found.index).block
    },
    hasNode: (cid) => nodes.has(keyOfBlock(cid)),
    *blocksOf({ levels }) {
      for (const [height, level] of levels.entries()) {
        for (let index = 0; index < level.length / DIGEST_BYTES; index++) yield cidOf(digestAt(level, index), height)
      }
    },
    get all() {
      return files.values()
    },
  }
}

const isHere = ({ file, leaf }: { file: StoredFile; leaf: number }): number => file.here[leaf] ?? 0

const keyOf = (digest: Uint8Array): string => Buffer.from(digest).toString('latin1')
