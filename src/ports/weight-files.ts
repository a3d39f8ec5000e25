import type { CID } from 'multiformats/cid'

/**
 * Files of weights, each kept as the one file that tools read: its 1 MiB leaves are blocks of the store. Until a file is disposed, nothing deletes it.
 */
export interface WeightFiles {
  /** Null when it is not here as a whole. */
  open(root: CID): Promise<KeptFile | null>
  /** Of a file that is still being brought here; null for any other. */
  partOf(root: CID): PartOfFile | null
  /**
   * Begins to bring a file here, or goes on where that was broken off: leaves that came before, and those that other files here have, are not missing.
   * @throws ColdmeshError `refused` when the disk has no room for it, or its budget has not
   */
  receive(file: FileToReceive, options?: ReceiveOptions): Promise<IncomingFile>
  /**
   * Compares every leaf of a file with its digest now, however lately that was done. One that is rotten is not here any more, nor is the file as a whole.
   * @returns how many were; 0 for what is no file here
   */
  check(root: CID): Promise<number>
  /** A file to be made here, of so many bytes. @throws ColdmeshError `refused` */
  make(bytes: number): Promise<FileInTheMaking>
  /**
   * A file of somebody else's, which stays where it is, and is neither written to nor deleted. Once it is changed or gone its leaves are not here.
   * @param digest reads it, and gives SHA-256 of each leaf as for `finish`
   * @throws ColdmeshError `bad-input` when it changes meanwhile, `unsupported` where blocks are kept otherwise, `refused`
   */
  link(path: string, digest: () => Promise<Uint8Array>): Promise<CID>
}

export interface KeptFile extends AsyncDisposable {
  /** To be read only. The bytes were right when they came: who reads them does not hash them again. */
  readonly path: string
  readonly bytes: number
}

export interface PartOfFile {
  /** To be read only: leaves that are here were compared with their CIDs. */
  readonly path: string
  /** 1 for each leaf that is here; it changes. */
  readonly here: Readonly<Uint8Array>
}

export interface FileToReceive {
  readonly root: CID
  readonly bytes: number
  /** All of them, in the order of the file; as `listLeaves` gives them. */
  readonly leaves: readonly { readonly cid: CID; readonly bytes: number }[]
}

export interface ReceiveOptions {
  /** `soon`: the file is durable a little after it is finished; a crash before that leaves it to be read again, and completed. */
  readonly durable?: 'now' | 'soon' | undefined
}

/** Disposed before it is finished, it stays to be gone on with. */
export interface IncomingFile extends AsyncDisposable {
  /** Indexes of leaves, ascending. */
  readonly missing: readonly number[]
  /** Puts a leaf at its place. The caller compared it with its CID. Calls may overlap. @throws ColdmeshError `refused` */
  write(leaf: number, block: Uint8Array): Promise<void>
  /** When none is missing: makes it a file of the store, and durable as was asked for. @throws ColdmeshError `refused` */
  finish(): Promise<void>
}

/** Disposed before it is finished, it is deleted. */
export interface FileInTheMaking extends AsyncDisposable {
  /** There, and written by whoever asked for it. */
  readonly path: string
  /** Makes it durable, and a file of the store. @param digests SHA-256 of each leaf, 32 bytes each, in order */
  finish(digests: Uint8Array): Promise<CID>
}
