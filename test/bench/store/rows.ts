import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { copyFile, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../src/checkpoint/cid.ts'
import { LEAF_BYTES } from '../../../src/checkpoint/unixfs.ts'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { best, type Cost, chill, inProcess, measure, type ProcessCost } from '../measure.ts'
import type { Row, Setup, Size } from '../report.ts'
import type { HashJob, ImportAnswer, ImportJob } from './jobs.ts'

const RUNS = 3
const READS = 512
const SMALL_BLOCKS = 2_000
const SMALL_BYTES = 2_000

/** Weights into the store, blocks out of it, and small blocks both ways. */
export async function* rows(setup: Setup): AsyncGenerator<Row> {
  for (const size of setup.sizes) yield* ofFile(setup, size)
  yield* ofSmallBlocks(setup)
}

async function* ofFile({ scratch, say }: Setup, size: Size): AsyncGenerator<Row> {
  const path = join(scratch, 'model.safetensors')
  const blocks = join(scratch, 'blocks')
  say(`writes a checkpoint of ${size.name}`)
  const { header, ...layout } = await writeCheckpoint({ path, bytes: size.bytes, seed: 1 })
  await syncFile(path)
  const told = { ...layout, header: Buffer.from(header).toString('base64') }
  const gigabytes = layout.totalBytes / 1e9
  const work = async (isLinked: boolean): Promise<ProcessCost> => {
    await rm(blocks, { recursive: true, force: true })
    return await inProcess<ImportAnswer>(here('import-file.ts'), {
      path,
      layout: told,
      blocks,
      isLinked,
    } satisfies ImportJob)
  }
  const ways = {
    hash: () => inProcess<ProcessCost>(here('hash-file.ts'), { path } satisfies HashJob),
    copy: () => work(false),
    link: () => work(true),
    write: () => measure(() => copySynced(path, join(scratch, 'copy'))),
  }
  // By turns, so that what else the machine does hits each alike.
  const runs: Record<keyof typeof ways, (Cost & { readonly peakBytes?: number })[]> = {
    hash: [],
    copy: [],
    link: [],
    write: [],
  }
  let isCold = true
  for (let run = 0; run < RUNS; run++) {
    for (const way of ['hash', 'link', 'write', 'copy'] as const) {
      isCold = (await chill(path)) && isCold
      runs[way].push(await ways[way]())
    }
  }
  const yardstick = fastest(runs.hash)
  const written = fastest(runs.write)
  for (const [way, what] of [
    ['copy', 'import: file to leaves, CIDs, index; copied, checked, synced'],
    ['link', 'the same with --nocopy'],
  ] as const) {
    const cost = fastest(runs[way])
    yield row({
      ...{ what, size: size.name, yardstick: `SHA-256 of the same ${isCold ? 'cold' : 'WARM'} file, node:crypto` },
      ...{ ratio: yardstick.seconds / cost.seconds, target: 0.85, gigabytesPerSecond: gigabytes / cost.seconds },
      ...{ peakMegabytes: (cost.peakBytes ?? 0) / 1e6, cpuSecondsPerGigabyte: cost.cpuSeconds / gigabytes },
      note: `${cost.seconds.toFixed(2)} s beside ${yardstick.seconds.toFixed(2)} s; cp and sync: ${written.seconds.toFixed(2)} s`,
    })
  }
  yield* ofBlocks({ path, blocks, size })
}

/** The store that the last import left: leaves read in an order that no read-ahead knows, files in memory. */
async function* ofBlocks(of: {
  readonly path: string
  readonly blocks: string
  readonly size: Size
}): AsyncGenerator<Row> {
  await using store = await openBlockStore(of.blocks)
  const file = openSync(of.path, 'r')
  const into = new Uint8Array(2 * LEAF_BYTES)
  const buffer = into.subarray(0, LEAF_BYTES)
  const whole = Math.floor(of.size.bytes / LEAF_BYTES)
  const places = Array.from({ length: READS }, (_, i) => ((i * 7_919) % whole) * LEAF_BYTES)
  const cids = places.map((at) => {
    readSync(file, buffer, 0, LEAF_BYTES, at)
    return rawCid(buffer)
  })
  const readAll = async () => {
    for (const cid of cids) await store.local.get(cid, into)
  }
  const first = await measure(readAll)
  const again = await best(readAll)
  const pread = await best(() => {
    for (const at of places) readSync(file, buffer, 0, LEAF_BYTES, at)
  })
  const hashed = await best(() => {
    for (const at of places) {
      readSync(file, buffer, 0, LEAF_BYTES, at)
      hash('sha256', buffer, 'buffer')
    }
  })
  closeSync(file)
  const gigabytes = (READS * LEAF_BYTES) / 1e9
  yield row({
    ...{ what: 'block read by CID, compared with it lately', size: of.size.name, yardstick: 'pread of the same bytes' },
    ...{ ratio: pread.seconds / again.seconds, target: 0.4, gigabytesPerSecond: gigabytes / again.seconds },
    cpuSecondsPerGigabyte: again.cpuSeconds / gigabytes,
  })
  yield row({
    ...{
      what: 'block read by CID, the first time',
      size: of.size.name,
      yardstick: 'pread and SHA-256 of the same bytes',
    },
    ...{ ratio: hashed.seconds / first.seconds, gigabytesPerSecond: gigabytes / first.seconds },
    cpuSecondsPerGigabyte: first.cpuSeconds / gigabytes,
  })
}

async function* ofSmallBlocks({ scratch }: Setup): AsyncGenerator<Row> {
  await using store = await openBlockStore(join(scratch, 'small'))
  const blocks = Array.from({ length: SMALL_BLOCKS }, (_, i) => Buffer.alloc(SMALL_BYTES, `${i} `))
  const cids = blocks.map((block) => rawCid(block))
  const put = await measure(() =>
    Promise.all(blocks.map((block, i) => store.local.put(cids[i] ?? rawCid(block), block))),
  )
  const get = await measure(async () => {
    for (const cid of cids) await store.local.get(cid)
  })
  const path = join(scratch, 'appended')
  const append = await measure(async () => {
    await using file = await open(path, 'w')
    for (const block of blocks) await file.write(block)
    await file.datasync()
  })
  yield row({
    ...{ what: `${SMALL_BLOCKS} blocks of 2 kB put together, durable`, yardstick: 'one file, one sync' },
    ...{
      ratio: append.seconds / put.seconds,
      note: `${Math.round(SMALL_BLOCKS / put.seconds)} a second; read: ${Math.round(SMALL_BLOCKS / get.seconds)}`,
    },
  })
}

async function copySynced(from: string, to: string): Promise<void> {
  await rm(to, { force: true })
  await copyFile(from, to)
  await syncFile(to)
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}

const fastest = <T extends Cost>(costs: readonly T[]): T => costs.reduce((a, b) => (b.seconds < a.seconds ? b : a))
const here = (name: string): string => join(import.meta.dirname, name)

function row(found: Partial<Row> & Pick<Row, 'what' | 'yardstick' | 'ratio'>): Row {
  const nothing = { gigabytesPerSecond: null, peakMegabytes: null, cpuSecondsPerGigabyte: null }
  return { step: 'store', size: '', target: null, note: '', ...nothing, ...found }
}
