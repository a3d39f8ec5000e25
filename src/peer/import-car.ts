import type { CID } from 'multiformats/cid'
import type { Archive } from '../../protocols/archive/messages.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { storedCid } from '../adapters/gateway/block-reader.ts'
import { nullLog } from '../adapters/memory/log.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { DiskUse } from '../ports/retention.ts'
import { readArchive } from './archive/kept.ts'
import type { ImportedArchive } from './archive/types.ts'
import { readCar } from './car-file.ts'
import { initDataDir, paths } from './data-dir.ts'
import { pinForEver } from './retention/pinned-file.ts'
import { createContentStore } from './store/content-store.ts'

export interface ImportedCar {
  /** CIDs that the file names as its roots: they stay. */
  readonly roots: readonly string[]
  readonly blocks: number
  readonly bytes: number
  /** What it is of, when it is an archive: the base stays too. */
  readonly archive: ImportedArchive | null
}

interface Source {
  readonly dataDir: string
  readonly file: string
}

interface Target {
  readonly store: Pick<ContentStore, 'get' | 'has' | 'put'>
  readonly disk: DiskUse
}

/**
 * Adds the blocks of a CAR file to a data directory's store, which is made if need be.
 * @throws ColdmeshError as `addCar`; `locked`
 */
export async function importCar(source: Source): Promise<ImportedCar> {
  const bytes = await bytesOf(source.file)
  await initDataDir(source.dataDir)
  await using _lock = await lockDirectory(source.dataDir)
  await using store = await createContentStore({ dir: paths.blocks(source.dataDir), node: null, log: nullLog })
  return await keepCar(source, { store, disk: store.retention.disk }, bytes)
}

/**
 * Adds every block, once all of them are what their CIDs say: of a file with a fault nothing, which nobody would ever delete.
 * @throws ColdmeshError `bad-input` (no CAR, or a block that is not what its CID says), `unsupported` (a hash), `refused`
 */
export async function addCar(source: Source, target: Target): Promise<ImportedCar> {
  return await keepCar(source, target, await bytesOf(source.file))
}

/** Of all blocks, when each is right. */
async function bytesOf(file: string, isCounted = async (_cid: CID) => true): Promise<number> {
  let bytes = 0
  await readCar(file, async (cid, block) => {
    if (await isCounted(cid)) bytes += block.byteLength
  })
  return bytes
}

async function keepCar({ dataDir, file }: Source, { store, disk }: Target, bytes: number): Promise<ImportedCar> {
  if (!fits(bytes, disk)) requireRoom(file, await bytesOf(file, async (cid) => !(await store.has(cid))), disk)
  const found = { blocks: 0, bytes: 0 }
  const roots = await readCar(file, async (cid, block) => {
    found.blocks++
    found.bytes += block.byteLength
    await store.put(cid, block)
  })
  const [root] = roots
  const archive = root === undefined || roots.length > 1 ? null : await readArchive(root, store)
  const pinned = archive === null ? roots : [...roots, archive.base]
  for (const cid of pinned) await pinForEver(dataDir, storedCid(cid) ?? cid)
  return { ...found, roots: roots.map(String), archive: archive === null ? null : describe(archive) }
}

function describe({ network, base, round, certificate, contents }: Archive): ImportedArchive {
  return { network: String(network), base: String(base), round, contents, certificate: certificate !== null }
}

function fits(bytes: number, { usedBytes, budgetBytes, freeBytes }: DiskUse): boolean {
  return (budgetBytes === null || usedBytes + bytes <= budgetBytes) && (freeBytes === null || bytes <= freeBytes)
}

/** @param bytes of blocks that are not here @throws ColdmeshError `refused` */
function requireRoom(file: string, bytes: number, disk: DiskUse): void {
  if (fits(bytes, disk)) return
  const { usedBytes, budgetBytes, freeBytes } = disk
  const isFull = freeBytes !== null && bytes > freeBytes
  const room = isFull ? `${freeBytes} are free on the disk` : `${usedBytes} of a budget of ${budgetBytes} are used`
  throw new ColdmeshError('refused', `${file} has ${bytes} bytes that are not here, which do not fit: ${room}.`, {
    facts: { path: file, bytes, usedBytes, budgetBytes, freeBytes },
    hint: isFull ? 'Free some space and import it again.' : 'Allow more (--disk-budget BYTES) and import it again.',
  })
}
