import type { CID } from 'multiformats/cid'
import { MAX_LINEAGE_BYTES } from '../../protocols/wire/limits.ts'
import { isRawCid, rawCid } from './cid.ts'
import { decodeDirectory, encodeDirectory } from './directory.ts'
import { bytesFromTsize, LEAF_BYTES } from './file-tree.ts'
import { badCheckpoint, show } from './header.ts'
import { type Layout, parseLayout } from './layout.ts'
import { fileTsize, type GetBlock, importFile, isFileCid, type PutBlock } from './unixfs.ts'

export const WEIGHTS_NAME = 'model.safetensors'
export const CARD_NAME = 'README.md'
export const LINEAGE_NAME = 'lineage.cbor'
const CONFIG_NAME = 'config.json'
/** Written once, in the genesis' base, and taken over by every later one. */
export const SHARED_NAMES: readonly string[] = [
  CONFIG_NAME,
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
  'special_tokens_map.json',
]
const BASE_NAMES: readonly string[] = [...SHARED_NAMES, WEIGHTS_NAME, CARD_NAME, LINEAGE_NAME]

export interface BaseFile {
  readonly name: string
  readonly cid: CID
  /** File length. */
  readonly bytes: number
  /** File length and the nodes above its leaves. */
  readonly tsize: number
}

/** A base's directory, as its node states it: the lengths hold once the files are fetched with them as limits. */
export interface OpenedBase {
  readonly files: readonly BaseFile[]
  readonly weights: BaseFile
  /** Null in round 0, whose base no round made. */
  readonly lineage: CID | null
  readonly card: CID | null
  readonly shared: readonly BaseFile[]
}

/** A file's entry from its CID and length. */
export function baseFile(name: string, cid: CID, bytes: number): BaseFile {
  if (!isFileCid(cid, bytes)) throw badCheckpoint(`${cid} is no CID of a file of ${bytes} bytes.`)
  return { name, cid, bytes, tsize: fileTsize(bytes) }
}

/**
 * The directory of a new base out of files that have a CID already; needs no block store.
 * @param options.shared the genesis' config and tokenizer files
 * @param options.card README.md, at most 1 MiB
 * @param options.lineage lineage.cbor, at most 1,000,000 bytes
 * @returns its CID and node; `blocks` are the three new blocks: card, lineage and node, in this order
 * @throws ColdmeshError `bad-checkpoint`
 */
export function assembleBase(options: {
  shared: readonly BaseFile[]
  weights: BaseFile
  card: Uint8Array
  lineage: Uint8Array
}): { cid: CID; block: Uint8Array; blocks: readonly { cid: CID; block: Uint8Array }[] } {
  const { shared, weights, card, lineage } = options
  for (const { name } of shared) {
    if (!SHARED_NAMES.includes(name)) throw badCheckpoint(`${show(name)} is not a config or tokenizer file of a base.`)
  }
  if (weights.name !== WEIGHTS_NAME) throw badCheckpoint(`The weights must be named ${WEIGHTS_NAME}.`)
  if (card.length > LEAF_BYTES) throw badCheckpoint(`The card has ${card.length} bytes; at most 1 MiB fit one leaf.`)
  if (lineage.length > MAX_LINEAGE_BYTES) {
    throw badCheckpoint(`The lineage has ${lineage.length} bytes; at most ${MAX_LINEAGE_BYTES} are allowed.`)
  }
  const cardCid = rawCid(card)
  const lineageCid = rawCid(lineage)
  const files = [
    ...shared,
    weights,
    baseFile(CARD_NAME, cardCid, card.length),
    baseFile(LINEAGE_NAME, lineageCid, lineage.length),
  ]
  checkNames(files)
  const node = encodeFiles(files)
  return { ...node, blocks: [{ cid: cardCid, block: card }, { cid: lineageCid, block: lineage }, node] }
}

/**
 * Reads a base's directory node; no file is read.
 * @throws ColdmeshError `bad-checkpoint` when it is not a base's directory, and whatever `get` throws
 */
export async function openBase(cid: CID, get: GetBlock): Promise<OpenedBase> {
  const files = decodeDirectory(await get(cid), cid).map(({ name, cid, tsize }) => {
    const bytes = bytesFromTsize(tsize)
    if (bytes === null || !isFileCid(cid, bytes)) throw badCheckpoint(`The size of ${show(name)} is not a file's.`)
    return { name, cid, bytes, tsize }
  })
  const weights = checkNames(files)
  return {
    files,
    weights,
    lineage: leafNamed(files, LINEAGE_NAME, MAX_LINEAGE_BYTES),
    card: leafNamed(files, CARD_NAME, LEAF_BYTES),
    shared: files.filter((file) => SHARED_NAMES.includes(file.name)),
  }
}

/**
 * Imports a canonical model directory as a genesis' base: every block is put, the directory's node last.
 * @throws ColdmeshError `bad-checkpoint` for an unknown or missing name, or a `model.safetensors` that is not canonical
 */
export async function importBase(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  put: PutBlock,
): Promise<{ cid: CID; files: readonly BaseFile[]; layout: Layout }> {
  checkNames(files)
  const weights = files.find((file) => file.name === WEIGHTS_NAME)?.bytes ?? new Uint8Array()
  const layout = parseLayout(weights, weights.length)
  const others = files.filter(({ name }) => name !== WEIGHTS_NAME)
  const write = async () => (await importFile([weights], put)).cid
  return { ...(await importStreamedBase(others, { layout, write }, put)), layout }
}

/**
 * The same, with weights that need not be in memory.
 * @param files all but the weights
 * @param weights.write stores the file of `layout`, and resolves with its CID
 */
export async function importStreamedBase(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  weights: { readonly layout: Layout; readonly write: () => Promise<CID> },
  put: PutBlock,
): Promise<{ cid: CID; files: readonly BaseFile[] }> {
  checkNames([...files, { name: WEIGHTS_NAME }])
  const imported: BaseFile[] = []
  for (const { name, bytes } of files) {
    const { cid } = await importFile([bytes], put)
    imported.push(baseFile(name, cid, bytes.length))
  }
  leafNamed(imported, CARD_NAME, LEAF_BYTES)
  leafNamed(imported, LINEAGE_NAME, MAX_LINEAGE_BYTES)
  imported.push(baseFile(WEIGHTS_NAME, await weights.write(), weights.layout.totalBytes))
  const node = encodeFiles(imported)
  await put(node.cid, node.block)
  return { cid: node.cid, files: imported }
}

/** The node of the same base without card and lineage: what a new network starts from. */
export function withoutHistory({ shared, weights }: OpenedBase): { cid: CID; block: Uint8Array } {
  return encodeFiles([...shared, weights])
}

function encodeFiles(files: readonly BaseFile[]): { cid: CID; block: Uint8Array } {
  return encodeDirectory(files.map(({ name, cid, tsize }) => ({ name, cid, bytes: tsize })))
}

/** Only known names, weights and config among them; that each is there once, the directory checks. */
function checkNames<T extends { readonly name: string }>(files: readonly T[]): T {
  for (const { name } of files) {
    if (!BASE_NAMES.includes(name)) throw badCheckpoint(`${show(name)} is not a file of a base.`)
  }
  if (!files.some((file) => file.name === CONFIG_NAME)) throw badCheckpoint(`The base has no ${CONFIG_NAME}.`)
  const weights = files.find((file) => file.name === WEIGHTS_NAME)
  if (weights === undefined) throw badCheckpoint(`The base has no ${WEIGHTS_NAME}.`)
  return weights
}

function leafNamed(files: readonly BaseFile[], name: string, maxBytes: number): CID | null {
  const file = files.find((candidate) => candidate.name === name)
  if (file === undefined) return null
  if (!isRawCid(file.cid) || file.bytes > maxBytes) throw badCheckpoint(`${name} has more than ${maxBytes} bytes.`)
  return file.cid
}
