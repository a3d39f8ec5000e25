import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile as readBytes, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import { syncDirectory, TEMPORARY_SUFFIX, writeFileAtomic } from '../../adapters/files/atomic.ts'
import { openBase, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { isRawCid } from '../../checkpoint/cid.ts'
import { parseLayout } from '../../checkpoint/layout.ts'
import { readFile } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import { checkSignal, readOnlyStore } from './read-only-store.ts'

/** What lies beside an exported directory. */
export const CERTIFICATE_SUFFIX = '.certificate.cbor'
export const GENESIS_SUFFIX = '.genesis.cbor'

export interface Exported {
  readonly cid: string
  readonly kind: 'base' | 'checkpoint'
  /** Paths of everything that was written. */
  readonly files: readonly string[]
}

interface ExportedFile {
  readonly name: string
  readonly cid: CID
  readonly bytes: number
}

/**
 * Writes a base as its directory, with its certificate (round 0 has none) and the genesis beside it, or a checkpoint as
 * a directory with its model.safetensors. Every block is checked on its way, and OUT appears only when it is complete.
 * @throws ColdmeshError `bad-input` when OUT is there already or the CID is neither, `block-missing`, `block-corrupt`,
 * `bad-checkpoint`, `refused` (disk), `aborted`
 */
export async function exportContent(options: {
  readonly network: Network
  readonly genesisBytes: Uint8Array
  readonly store: ContentStore
  readonly cid: CID
  readonly out: string
  /** Certificate of a base, if there is one. */
  readonly certificateOf: (base: CID) => Uint8Array | null
  readonly signal?: AbortSignal
}): Promise<Exported> {
  const { network, cid, signal, genesisBytes } = options
  const out = resolve(options.out)
  const store = readOnlyStore(options.store, signal)
  const base = await filesOfBase(cid, store)
  const files = base ?? (await fileOfCheckpoint(network, cid, store))
  const certificate = base === null ? null : options.certificateOf(cid)
  const beside = base === null ? [] : [{ path: `${out}${GENESIS_SUFFIX}`, bytes: genesisBytes }]
  if (certificate !== null) beside.unshift({ path: `${out}${CERTIFICATE_SUFFIX}`, bytes: certificate })

  const aside = join(dirname(out), `.${basename(out)}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`)
  try {
    await requireFree(out)
    if (base !== null) {
      for (const suffix of [CERTIFICATE_SUFFIX, GENESIS_SUFFIX]) {
        await requireSame(`${out}${suffix}`, beside.find(({ path }) => path === `${out}${suffix}`)?.bytes ?? null)
      }
    }
    await mkdir(aside, { recursive: true })
    for (const file of files) await writeExported(join(aside, file.name), file, store)
    await syncDirectory(aside)
    checkSignal(signal)
    for (const { path, bytes } of beside) await writeFileAtomic(path, bytes)
    await rmdir(out).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
    })
    await rename(aside, out)
    await syncDirectory(dirname(out))
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw systemCode(error) === undefined ? error : diskError(error, 'write', out)
  }
  return {
    cid: String(cid),
    kind: base === null ? 'checkpoint' : 'base',
    files: [...files.map(({ name }) => join(out, name)), ...beside.map(({ path }) => path)],
  }
}

/** Null when the CID is no base's directory. */
async function filesOfBase(cid: CID, store: ContentStore): Promise<readonly ExportedFile[] | null> {
  if (isRawCid(cid)) return null
  try {
    return (await openBase(cid, (block) => store.get(block))).files
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}

/** A file of the network's size with the network's header. */
async function fileOfCheckpoint({ genesis }: Network, cid: CID, store: ContentStore): Promise<readonly ExportedFile[]> {
  try {
    for await (const leaf of readFile(cid, (block) => store.get(block), { maxBytes: genesis.bytes })) {
      const { header } = parseLayout(leaf, genesis.bytes)
      if (toHex(sha256(header)) === toHex(genesis.header)) return [{ name: WEIGHTS_NAME, cid, bytes: genesis.bytes }]
      break
    }
  } catch (error) {
    if (!isColdmeshError(error, 'bad-checkpoint') && !isColdmeshError(error, 'too-large')) throw error
  }
  throw new ColdmeshError('bad-input', `${cid} is neither a base nor a checkpoint of this network.`, {
    hint: 'coldmesh log prints the CIDs of bases and checkpoints',
  })
}

/** Streams one file to the disk, leaf by leaf. */
async function writeExported(path: string, { name, cid, bytes }: ExportedFile, store: ContentStore): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  let written = 0
  try {
    for await (const leaf of readFile(cid, (block) => store.get(block), { maxBytes: bytes })) {
      await file.writeFile(leaf)
      written += leaf.length
    }
    if (written !== bytes) {
      throw new ColdmeshError('bad-checkpoint', `${name} has ${written} bytes, its directory states ${bytes}.`)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** OUT must not exist, or be an empty directory. */
async function requireFree(out: string): Promise<void> {
  const entries = await readdir(out).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    if (systemCode(error) === 'ENOTDIR') return ['']
    throw error
  })
  if (entries.length === 0) return
  throw new ColdmeshError('bad-input', `${out} is there already, and not an empty directory.`, {
    hint: 'choose another place, or delete it first',
  })
}

/** What lies beside OUT must not be something else: null when nothing may be there. */
async function requireSame(path: string, bytes: Uint8Array | null): Promise<void> {
  const there = await readBytes(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  })
  if (there === null || (bytes !== null && there.equals(bytes))) return
  throw new ColdmeshError('bad-input', `${path} is there already, with other bytes.`, {
    hint: 'choose another place, or delete it first',
  })
}
