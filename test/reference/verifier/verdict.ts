import { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { openNetwork } from '../../../src/peer/history/genesis.ts'
import { readOnlyStore } from '../../../src/peer/history/read-only-store.ts'
import { traceHistory } from '../../../src/peer/history/trace.ts'
import { verifyBase } from '../../../src/peer/history/verify.ts'
import type { VerifyLevel } from '../../../src/peer/types.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import type { Network } from '../../../src/rounds/network.ts'
import { memoryStore } from '../../support/history/memory-store.ts'
import { BadFile, readCar } from './car.ts'
import { order } from './order.ts'

export interface Verdict {
  readonly valid: boolean
  readonly certified: boolean
  readonly trusted: boolean
  readonly rounds: readonly { readonly round: number; readonly certified: boolean; readonly fusion: string | null }[]
  readonly failures: readonly { readonly round: number; readonly link: string; readonly reason: string }[]
}

/** What coldmesh says about the bytes of an archive. */
export async function verdictOf(
  file: Uint8Array,
  { level, trust }: { readonly level: VerifyLevel; readonly trust?: string },
): Promise<Verdict> {
  const refused = (link: string, reason: string): Verdict => ({
    ...{ valid: false, certified: false, trusted: false, rounds: [] },
    failures: [{ round: 0, link, reason }],
  })
  let car: ReturnType<typeof readCar>
  try {
    car = readCar(file)
  } catch (error) {
    if (error instanceof BadFile) return refused('archive', error.message)
    throw error
  }
  const { archive } = car
  const blocks = new Map(car.sections.map(({ cid, block }) => [String(cid), block]))
  const store = readOnlyStore(memoryStore(blocks), undefined)
  const genesis = blocks.get(String(archive.network))
  if (genesis === undefined) return refused('archive', 'archive-order')
  const network = openNetwork(Uint8Array.from(genesis))
  if ('link' in network) return refused(network.link, network.reason)
  const bad = await judgeFile(car, network, store)
  const { base, certificate } = archive
  const report = await verifyBase({
    network,
    store,
    base,
    certificate,
    level,
    ...(trust === undefined ? {} : { trust }),
  })
  const failures = [...bad.map((reason) => ({ round: 0, link: 'archive', reason })), ...report.failures]
  return { ...report, valid: report.valid && bad.length === 0, failures }
}

/** The order of the file, and what its root says of its base. */
async function judgeFile(
  { root, archive, sections }: ReturnType<typeof readCar>,
  network: Network,
  store: ContentStore,
): Promise<readonly string[]> {
  const start = network.genesis.base
  const bad: string[] = []
  const { rounds, gap } = await traceHistory({ network, store, base: archive.base, round: archive.round })
  if (gap?.link.startsWith('block ')) bad.push('archive-order')
  if (gap === null && !(await isInOrder(rounds.map(({ base }) => CID.parse(base))))) bad.push('archive-order')
  const isFirst = equalCids(archive.base, start)
  const round = isFirst ? 0 : (rounds.find(({ base }) => base === String(archive.base))?.round ?? archive.round)
  if (round !== archive.round) bad.push('archive-wrong-round')
  if (isFirst && archive.certificate !== null) bad.push('archive-certificate')
  return bad

  async function isInOrder(bases: readonly CID[]): Promise<boolean> {
    const seen = new Set<string>()
    try {
      for await (const cid of order({ root, archive, start, rounds: bases, get: store.get })) {
        if (seen.has(String(cid))) continue
        if (String(sections[seen.size]?.cid) !== String(cid)) return false
        seen.add(String(cid))
      }
    } catch (error) {
      if (isColdmeshError(error, 'block-missing')) return false
      throw error
    }
    return seen.size === sections.length
  }
}
