import { existsSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { ArchiveContents } from '../../../protocols/archive/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { takeAside } from '../../adapters/files/aside.ts'
import { makeDirectory, syncDirectory } from '../../adapters/files/atomic.ts'
import { blockPrefix, carHeader } from '../../adapters/gateway/car.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import { type Failure, isMissing } from '../history/bad-link.ts'
import { checkSignal, readOnlyStore } from '../history/read-only-store.ts'
import { traceHistory } from '../history/trace.ts'
import { type BlockTable, createBlockTable } from './block-table.ts'
import { type ArchiveObject, describeArchive } from './describe.ts'
import { encodeIndex, INDEX_SUFFIX } from './index-file.ts'
import { archiveOrder, type Ordered } from './order.ts'
import type { ArchiveProgress, WrittenArchive } from './types.ts'

export interface WriteArchiveOptions {
  readonly network: Network
  readonly genesisBytes: Uint8Array
  readonly store: ContentStore
  readonly base: CID
  /** Of the base, if there is one. */
  readonly certificate: Uint8Array | null
  readonly contents: ArchiveContents
  readonly file: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ArchiveProgress) => void
}

/**
 * Writes the archive of a base (SPEC 11) and its index. FILE appears when all of it is on the disk; whether every block is here is
 * looked at before anything is written. The `archive/1` object is put into the store.
 * @throws ColdmeshError `bad-input` when FILE is there already or `base` is none, `block-missing`, `block-corrupt`, `bad-checkpoint`,
 * `not-valid` (a history that is none), `refused` (disk), `aborted`
 */
export async function writeArchive(options: WriteArchiveOptions): Promise<WrittenArchive> {
  const file = resolve(options.file)
  requireFree(file)
  const { object, order } = await planArchive(options)
  const { contents } = object.archive
  const of = await countBlocks(options.store, order(), contents)
  const table = createBlockTable()
  const bytes = await writeAside(file, async (archive, index) => {
    const written = await writeBlocks(archive, options, { object, order: order(), table, of })
    for (const chunk of encodeIndex(table)) await index.writeFile(chunk)
    return written
  })
  await options.store.put(object.root, object.block)
  return {
    cid: String(options.base),
    kind: 'archive',
    root: String(object.root),
    round: object.archive.round,
    contents,
    certified: object.archive.certificate !== null || equalCids(options.base, options.network.genesis.base),
    blocks: of,
    bytes,
    files: [file, `${file}${INDEX_SUFFIX}`],
  }
}

/** What an archive of a base has, from the blocks that are here. @throws ColdmeshError as `writeArchive` */
export async function planArchive(options: Omit<WriteArchiveOptions, 'file'>): Promise<{
  readonly object: ArchiveObject
  readonly order: () => AsyncGenerator<Ordered>
  readonly get: ContentStore['get']
}> {
  const { network, base, contents, genesisBytes } = options
  const store = readOnlyStore(options.store, options.signal)
  const { rounds, gap } = await traceHistory({ network, store, base, round: 0 })
  if (gap !== null && rounds.length === 0 && gap.reason.startsWith('bad-checkpoint')) throw noBase(base)
  if (gap !== null) throw brokenHistory(gap)
  const object = describeArchive({ ...options, round: rounds.at(-1)?.round ?? 0 })
  const own = new Map([
    [String(object.root), object.block],
    [String(network.id), genesisBytes],
  ])
  const get = async (cid: CID) => own.get(String(cid)) ?? (await store.get(cid))
  const order = () => archiveOrder({ root: object.root, archive: { base, contents }, network, rounds, get })
  return { object, order, get }
}

async function countBlocks(
  store: Pick<ContentStore, 'has'>,
  order: AsyncGenerator<Ordered>,
  contents: ArchiveContents,
): Promise<number> {
  let [count, round] = [0, 0]
  try {
    for await (const ordered of order) {
      round = ordered.round
      // the first two are made here
      if (count >= 2 && !(await store.has(ordered.cid))) throw missing(ordered.cid, round, contents)
      count++
    }
  } catch (error) {
    const block = error instanceof ColdmeshError ? error.facts['block'] : undefined
    throw isColdmeshError(error, 'block-missing') && typeof block === 'string' ? missing(block, round, contents) : error
  }
  return count
}

async function writeBlocks(
  archive: FileHandle,
  options: WriteArchiveOptions,
  {
    object,
    order,
    table,
    of,
  }: { object: ArchiveObject; order: AsyncGenerator<Ordered>; table: BlockTable; of: number },
): Promise<number> {
  const { signal, onProgress, network, genesisBytes, contents } = options
  const store = readOnlyStore(options.store, signal)
  const header = carHeader([object.root])
  await archive.writeFile(header)
  let offset = header.length
  for await (const { cid, round } of order) {
    checkSignal(signal)
    const block = equalCids(cid, object.root)
      ? object.block
      : equalCids(cid, network.id)
        ? genesisBytes
        : await store.get(cid).catch((error: unknown) => {
            throw isColdmeshError(error, 'block-missing') ? missing(cid, round, contents) : error
          })
    const prefix = blockPrefix(cid, block.length)
    table.add(cid, { offset, bytes: block.length })
    await writeParts(archive, [prefix, block])
    offset += prefix.length + block.length
    onProgress?.({ blocks: table.length, of })
  }
  return offset
}

/** The system may take less than it is given. */
async function writeParts(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(parts)
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(parts).subarray(bytesWritten))
}

/** Both files beside where they go, synced, then renamed: the archive first, which needs no index. */
async function writeAside(
  file: string,
  write: (archive: FileHandle, index: FileHandle) => Promise<number>,
): Promise<number> {
  await using asides = new AsyncDisposableStack()
  const take = async (out: string) => {
    const aside = await takeAside(out)
    asides.defer(aside.discard)
    return { aside: aside.path, out }
  }
  try {
    await makeDirectory(dirname(file))
    const places = [await take(file), await take(`${file}${INDEX_SUFFIX}`)] as const
    let bytes = 0
    {
      await using archive = await open(places[0].aside, 'wx', 0o644)
      await using index = await open(places[1].aside, 'wx', 0o644)
      bytes = await write(archive, index)
      await archive.sync()
      await index.sync()
    }
    requireFree(file)
    for (const { aside, out } of places) await rename(aside, out)
    await syncDirectory(dirname(file))
    return bytes
  } catch (error) {
    throw systemCode(error) === undefined ? error : diskError(error, 'write', file)
  }
}

function requireFree(file: string): void {
  for (const path of [file, `${file}${INDEX_SUFFIX}`]) {
    if (!existsSync(path)) continue
    throw new ColdmeshError('bad-input', `${path} is there already.`, {
      hint: 'choose another place, or delete it first',
    })
  }
}

function missing(block: CID | string, round: number, contents: ArchiveContents): ColdmeshError {
  const hint =
    contents === 'everything'
      ? 'inputs of old rounds are kept by a daemon with --keep-rounds all; --contents weights needs none'
      : 'a daemon of the network brings it here, or `coldmesh import` of a file that has it'
  return new ColdmeshError('block-missing', `Block ${block} of round ${round} is not here.`, {
    facts: { block: String(block), round },
    hint,
  })
}

function noBase(cid: CID): ColdmeshError {
  return new ColdmeshError('bad-input', `${cid} is no base: only a base has a history.`, {
    hint: '`coldmesh log` prints the CIDs of bases',
  })
}

function brokenHistory(failure: Failure): ColdmeshError {
  const { round, link, reason } = failure
  return new ColdmeshError(isMissing(failure) ? 'block-missing' : 'not-valid', `Round ${round}, ${link}: ${reason}`, {
    facts: { round, link },
    hint: isMissing(failure)
      ? 'a daemon of the network brings it here'
      : '`coldmesh verify` says what is wrong with this base',
  })
}
