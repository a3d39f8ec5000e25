import { CID } from 'multiformats/cid'
import type { Archive } from '../../../protocols/archive/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { type OpenedBase, openBase } from '../../checkpoint/base.ts'
import { isRawCid } from '../../checkpoint/cid.ts'
import { readChildren, readRootBytes, treeHeight } from '../../checkpoint/file-tree.ts'
import { type GetBlock, isCanonicalCid } from '../../checkpoint/unixfs.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import { inputsOf } from '../lineage-inputs.ts'
import { createBlockTable } from './block-table.ts'

/** A block of an archive. */
export interface Ordered {
  readonly cid: CID
  /** The round that it is there for; 0: the genesis and its base. */
  readonly round: number
}

/** What Order is a function of, besides the blocks. */
export interface OrderOptions {
  /** CID of the `archive/1` object. */
  readonly root: CID
  readonly archive: Pick<Archive, 'base' | 'contents'>
  readonly network: Network
  /** The bases of rounds 1, 2, 3 ..., as `traceHistory` gives them. */
  readonly rounds: readonly { readonly round: number; readonly base: string }[]
  readonly get: GetBlock
}

/**
 * SPEC 11, Order: what an archive has, one block after the other, each once. A block is named before it is read. What does not
 * decode is named too, and nothing below it: it is a bad link of the history.
 * Memory: the names of what came before, 50 bytes each.
 * @throws whatever `get` throws
 */
export async function* archiveOrder({ root, archive, network, rounds, get }: OrderOptions): AsyncGenerator<Ordered> {
  const before = createBlockTable()
  const isNew = ({ cid }: Ordered) => before.add(cid, { offset: 0, bytes: 0 })
  const isEverything = archive.contents === 'everything'

  async function* plan(): AsyncGenerator<Ordered> {
    yield { cid: root, round: 0 }
    yield { cid: network.id, round: 0 }
    const start = network.genesis.base
    yield { cid: start, round: 0 }
    let newest = await openedBase(start, get)
    if (isEverything) yield* files(newest, 0)
    for (const { round, base: text } of rounds) {
      const base = CID.parse(text)
      yield { cid: base, round }
      newest = await openedBase(base, get)
      const lineage = newest?.lineage ?? null
      if (lineage !== null) yield { cid: lineage, round }
      if (!isEverything) continue
      for (const input of lineage === null ? [] : await checkpointsOf(lineage, network, get)) yield* file(input, round)
      yield* files(newest, round)
    }
    if (archive.contents === 'weights') yield* files(newest, rounds.at(-1)?.round ?? 0)
  }

  async function* files(base: OpenedBase | null, round: number): AsyncGenerator<Ordered> {
    for (const { cid } of base?.files ?? []) yield* file(cid, round)
  }

  /** What came before is known with all that is below it. */
  async function* file(cid: CID, round: number): AsyncGenerator<Ordered> {
    if (before.has(cid)) return
    yield { cid, round }
    if (isRawCid(cid) || !isCanonicalCid(cid)) return
    const block = await get(cid)
    const bytes = ifDecodes(() => readRootBytes(block))
    if (bytes !== null) yield* below(block, { bytes, height: treeHeight(bytes), round })
  }

  async function* below(
    block: Uint8Array,
    { bytes, height, round }: { readonly bytes: number; readonly height: number; readonly round: number },
  ): AsyncGenerator<Ordered> {
    for (const child of ifDecodes(() => readChildren(block, bytes, height)) ?? []) {
      const isKnown = before.has(child.cid)
      yield { cid: child.cid, round }
      if (height > 1 && !isKnown) {
        yield* below(await get(child.cid), { bytes: child.bytes, height: height - 1, round })
      }
    }
  }

  for await (const ordered of plan()) if (isNew(ordered)) yield ordered
}

async function openedBase(base: CID, get: GetBlock): Promise<OpenedBase | null> {
  try {
    return await openBase(base, get)
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}

/** In id order, as a lineage that decodes has them. */
async function checkpointsOf(lineage: CID, network: Network, get: GetBlock): Promise<readonly CID[]> {
  const bytes = await get(lineage)
  const read = ifDecodes(() => lineageDeclaration.decode(bytes))
  return read === null
    ? []
    : (ifDecodes(() => inputsOf(read, network.id)) ?? []).map(({ message }) => message.checkpoint)
}

function ifDecodes<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError || isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}
