import type { CID } from 'multiformats/cid'
import { type Archive, archive as archiveDeclaration } from '../../../protocols/archive/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { type MemoryStore, memoryStore } from '../../support/history/memory-store.ts'
import { type Section, writeCar } from './car.ts'
import { order } from './order.ts'

/** A writer of archives that writes whatever it is told, lies included: coldmesh's own refuses a history that does not hold. */

/** The archive of a chain's newest base. */
export async function archiveOf(
  { net, store, entries }: Pick<TestChain, 'net' | 'store' | 'entries'>,
  { contents = 'everything', ...other }: { contents?: Archive['contents']; certificate?: Uint8Array | null } = {},
): Promise<Uint8Array> {
  const newest = entries.at(-1)
  const base = newest?.base ?? net.genesis.base
  const certificate = other.certificate !== undefined ? other.certificate : (newest?.certificate ?? null)
  const round = await statedRound(base, store, entries.length)
  const block = archiveDeclaration.encode({ network: net.network, base, round, certificate, contents })
  const archive = archiveDeclaration.decode(block)
  const blocks = memoryStore(new Map(store.blocks))
  await blocks.put(idOf(block), block)
  await blocks.put(net.network, net.bytes)
  const rounds = entries.map((entry) => entry.base)
  const sections = new Map<string, Section>()
  const all = order({ root: idOf(block), archive, start: net.genesis.base, rounds, get: blocks.get })
  for await (const cid of all)
    if (!sections.has(String(cid))) sections.set(String(cid), { cid, block: await blocks.get(cid) })
  return writeCar(idOf(block), [...sections.values()])
}

/** Of the base's lineage, or `otherwise` where it can't be read. */
async function statedRound(base: CID, store: MemoryStore, otherwise: number): Promise<number> {
  try {
    const { lineage } = await openBase(base, store.get)
    return lineage === null ? otherwise : lineageDeclaration.decode(await store.get(lineage)).round
  } catch {
    return otherwise
  }
}
