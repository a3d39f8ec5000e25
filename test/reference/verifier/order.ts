import type { CID } from 'multiformats/cid'
import type { Archive } from '../../../protocols/archive/messages.ts'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { isRawCid } from '../../../src/checkpoint/cid.ts'
import { readChildren, readRootBytes, treeHeight } from '../../../src/checkpoint/file-tree.ts'
import type { GetBlock } from '../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'

/**
 * The CIDs of an archive in their order (protocols/archive/SPEC.md, "Order"), some more than once. What does not decode
 * has nothing below it.
 * @param options.rounds the bases of rounds 1, 2, 3 ...
 * @throws whatever `get` throws
 */
export async function* order(options: {
  readonly root: CID
  readonly archive: Pick<Archive, 'network' | 'contents' | 'base'>
  readonly start: CID
  readonly rounds: readonly CID[]
  readonly get: GetBlock
}): AsyncGenerator<CID> {
  const { root, archive, start, rounds, get } = options
  const isEverything = archive.contents === 'everything'
  yield root
  yield archive.network
  yield start
  if (isEverything) yield* files(start, get)
  for (const base of rounds) {
    yield base
    const opened = await ifDecodes(() => openBase(base, get))
    if (!opened?.lineage) continue
    yield opened.lineage
    if (!isEverything) continue
    for (const checkpoint of await checkpoints(opened.lineage, archive.network, get)) yield* tree(checkpoint, get)
    yield* files(base, get)
  }
  if (archive.contents === 'weights') yield* files(archive.base, get)
}

async function* files(base: CID, get: GetBlock): AsyncGenerator<CID> {
  const opened = await ifDecodes(() => openBase(base, get))
  for (const { cid } of opened?.files ?? []) yield* tree(cid, get)
}

/** A file's blocks, depth first. */
async function* tree(
  cid: CID,
  get: GetBlock,
  below?: { readonly bytes: number; readonly height: number },
): AsyncGenerator<CID> {
  yield cid
  if (isRawCid(cid)) return
  const block = await get(cid)
  const bytes = below?.bytes ?? (await ifDecodes(async () => readRootBytes(block)))
  if (bytes === null) return
  const height = below?.height ?? treeHeight(bytes)
  for (const child of (await ifDecodes(async () => readChildren(block, bytes, height))) ?? []) {
    yield* tree(child.cid, get, { bytes: child.bytes, height: height - 1 })
  }
}

/** Of a lineage's inputs whose envelopes open. */
async function checkpoints(lineage: CID, network: CID, get: GetBlock): Promise<readonly CID[]> {
  const read = await ifDecodes(async () => lineageDeclaration.decode(await get(lineage)))
  return (read?.inputs ?? []).flatMap((input) => {
    const signed = openEnvelope(input, [contribution], network)
    return isSigned(signed) ? [signed.message.checkpoint] : []
  })
}

async function ifDecodes<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof MalformedError || isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}
