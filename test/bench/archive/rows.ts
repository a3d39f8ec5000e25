import { copyFile, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { addRound, startChain } from '../../support/history/build-chain.ts'
import { inProcess, measure, type ProcessCost } from '../measure.ts'
import type { Row, Setup, Size } from '../report.ts'
import type { HashJob } from '../store/jobs.ts'
import type { ArchiveAnswer, ExportJob, VerifyJob } from './jobs.ts'

const RUNS = 3
/** Files of weights in the archive: the genesis', two inputs and their mean, twice. */
const FILES = 7

/** An archive of everything in two rounds, written and verified, beside SHA-256 and a copy of the same file. */
export async function* rows(setup: Setup): AsyncGenerator<Row> {
  for (const size of setup.sizes) yield* ofSize(setup, size)
}

async function* ofSize({ scratch, say }: Setup, size: Size): AsyncGenerator<Row> {
  const blocks = join(scratch, 'blocks')
  const file = join(scratch, 'base.car')
  say(`makes two rounds, ${size.name} in all`)
  const job = await makeStore(blocks, Math.floor(size.bytes / FILES / 4 / 1024))
  const ways = {
    write: async () => {
      await remove(file)
      return await inProcess<ArchiveAnswer>(here('export-file.ts'), { ...job, blocks, file } satisfies ExportJob)
    },
    hash: () => inProcess<ProcessCost>(join(here('..'), 'store', 'hash-file.ts'), { path: file } satisfies HashJob),
    copy: () => measure(() => copySynced(file, join(scratch, 'copy'))),
    signatures: () =>
      inProcess<ArchiveAnswer>(here('verify-file.ts'), { file, level: 'signatures' } satisfies VerifyJob),
    full: () => inProcess<ArchiveAnswer>(here('verify-file.ts'), { file, level: 'full' } satisfies VerifyJob),
  }
  const best: Record<string, { seconds: number; cpuSeconds: number; peakBytes?: number; bytes?: number }> = {}
  // By turns, so that what else the machine does hits each alike.
  for (let run = 0; run < RUNS; run++) {
    for (const [way, work] of Object.entries(ways)) {
      const cost = await work()
      if (cost.seconds < (best[way]?.seconds ?? Number.POSITIVE_INFINITY)) best[way] = cost
    }
  }
  const gigabytes = (best['write']?.bytes ?? 0) / 1e9
  for (const [way, beside, what, yardstick] of [
    ['write', 'copy', 'archive: written with its index, every block checked, synced', 'cp of the file, synced'],
    [
      'write',
      'hash',
      'archive: written with its index, every block checked, synced',
      'SHA-256 of the file, node:crypto',
    ],
    ['signatures', 'hash', 'archive: verified, level signatures', 'SHA-256 of the file, node:crypto'],
    ['full', 'hash', 'archive: verified, level full', 'SHA-256 of the file, node:crypto'],
  ] as const) {
    const [cost, other] = [best[way], best[beside]]
    if (cost === undefined || other === undefined) throw new Error('each was measured')
    yield {
      ...{ step: 'archive', what, yardstick, size: size.name, target: null },
      ratio: other.seconds / cost.seconds,
      gigabytesPerSecond: gigabytes / cost.seconds,
      peakMegabytes: (cost.peakBytes ?? 0) / 1e6,
      cpuSecondsPerGigabyte: cost.cpuSeconds / gigabytes,
      note: `${cost.seconds.toFixed(2)} s beside ${other.seconds.toFixed(2)} s`,
    }
  }
  for (const path of [blocks, file, join(scratch, 'copy')]) await remove(path)
}

/** @param rows of the one tensor, 1,024 floats each */
async function makeStore(dir: string, rowCount: number): Promise<Pick<ExportJob, 'genesis' | 'base' | 'certificate'>> {
  const layout = encodeLayout([{ name: 'layer.weight', dtype: 'F32', shape: [rowCount, 1024] }], { format: 'pt' })
  const first = await addRound(await startChain('bench', {}, layout), { seeds: [1, 2] })
  const chain = await addRound(first, { seeds: [3, 4] })
  await using store = await openBlockStore(dir)
  for (const [key, block] of chain.store.blocks) await store.local.put(CID.parse(key), block)
  const { base, certificate } = chain.head
  return { genesis: toHex(chain.net.bytes), base: String(base), certificate: toHex(certificate ?? new Uint8Array()) }
}

async function copySynced(from: string, to: string): Promise<void> {
  await remove(to)
  await copyFile(from, to)
  await using file = await open(to, 'r+')
  await file.sync()
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await rm(`${path}.idx`, { force: true })
}

const here = (name: string): string => join(import.meta.dirname, name)
