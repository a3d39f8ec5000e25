import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { inProcess, type ProcessCost } from '../measure.ts'
import type { Row, Setup, Size } from '../report.ts'
import type { ImportAnswer, ImportJob } from '../store/jobs.ts'
import { kuboLacks, pinFromKubo } from './kubo.ts'
import { startProvider } from './provide.ts'
import type { ProviderJob, ReceiverJob, Way } from './ways.ts'

const RUNS = 3
/** A larger file takes long enough for one run to tell. */
const MAX_REPEATED_BYTES = 1_000_000_000
/** By which bitswap is measured: its store of small files takes long. */
const MAX_BITSWAP_BYTES = 200_000_000
/** At twenty megabytes a second. */
const MAX_LIMITED_BYTES = 1_000_000_000
const LIMITED = 20_000_000

/** A file from one process to another, in each way beside its yardstick. */
export async function* rows({ sizes, scratch, say }: Setup): AsyncIterable<Row> {
  for (const size of sizes) {
    const folder = join(scratch, size.name)
    yield* ofSize(size, { folder, say })
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a way cost whoever fetched; of whoever served, the peak. */
interface WayCost extends ProcessCost {
  readonly serverPeakBytes: number
}

async function* ofSize(size: Size, { folder, say }: { folder: string; say: Setup['say'] }): AsyncIterable<Row> {
  const here = join(folder, 'here')
  await mkdir(here, { recursive: true })
  const provided = await provide(join(folder, 'one'), size)
  const runs = size.bytes > MAX_REPEATED_BYTES ? 1 : RUNS
  const cost = async (way: Way): Promise<WayCost> => {
    say(`${size.name} by ${way}`)
    const provider = await startProvider(provided)
    const costs = await times(way === 'bitswap' ? 1 : runs, async () => {
      await rm(here, { recursive: true })
      await mkdir(here)
      return await receive({ way, from: [provider.served], folder: here })
    })
    return { ...bestOf(costs), serverPeakBytes: (await provider.stop()).peakBytes }
  }
  const gigabytes = provided.bytes / 1e9
  const row = (what: string, found: ProcessCost, rest: Pick<Row, 'yardstick' | 'ratio' | 'target' | 'note'>): Row => ({
    ...{ step: 'transfer', what, size: size.name, ...rest },
    gigabytesPerSecond: gigabytes / found.seconds,
    peakMegabytes: found.peakBytes / 1e6,
    cpuSecondsPerGigabyte: found.cpuSeconds / gigabytes,
  })
  const beside = (found: ProcessCost, yard: ProcessCost): string =>
    `the yardstick takes ${(yard.cpuSeconds / gigabytes).toFixed(2)} CPU s/GB, ${(found.cpuSeconds / yard.cpuSeconds).toFixed(2)} of it here`
  const served = (found: WayCost): Row => ({
    ...row('the same, whoever serves', found, { yardstick: '', ratio: null, target: null, note: '' }),
    ...{ gigabytesPerSecond: null, cpuSecondsPerGigabyte: null, peakMegabytes: found.serverPeakBytes / 1e6 },
  })

  const tcp = await cost('tcp')
  const http = await cost('http')
  yield row('fetch over HTTP, verified, to disk', http, {
    ...{ yardstick: 'raw TCP + sha-256 + write', ratio: tcp.seconds / http.seconds, target: 0.6 },
    note: beside(http, tcp),
  })
  yield served(http)
  const bare = await cost('bare-stream')
  const stream = await cost('stream')
  yield row('fetch over a libp2p stream, verified, to disk', stream, {
    ...{ yardstick: 'a bare libp2p stream of bytes', ratio: bare.seconds / stream.seconds, target: 0.7 },
    note: `${beside(stream, bare)}; its peak is ${(bare.peakBytes / 1e6).toFixed(0)} MB`,
  })
  yield served(stream)
  if (size.bytes <= MAX_BITSWAP_BYTES) {
    const bitswap = await cost('bitswap')
    yield row('fetch over HTTP, verified, to disk', http, {
      ...{ yardstick: 'bitswap in Helia', ratio: bitswap.seconds / http.seconds, target: 8 },
      note: beside(http, bitswap),
    })
  }
  if (kuboLacks === null) {
    say(`${size.name} from Kubo to Kubo`)
    const kubo = bestOf(await pinFromKubo({ ...provided, folder }, runs))
    yield row('fetch over HTTP, verified, to disk', http, {
      ...{ yardstick: 'stock Kubo to stock Kubo, pin/add', ratio: kubo.seconds / http.seconds, target: 2 },
      note: `${beside(http, kubo)}; its peak is ${(kubo.peakBytes / 1e6).toFixed(0)} MB`,
    })
  } else say(`NOT MEASURED beside Kubo: ${kuboLacks}`)
  if (size.bytes > MAX_LIMITED_BYTES) return
  say(`${size.name} from two peers`)
  const both = await fromTwo([provided, await provide(join(folder, 'two'), size)], here)
  const perSecond = provided.bytes / both.seconds
  yield row('from two peers, each limited to 20 MB/s', both, {
    ...{ yardstick: 'the sum of their rates', ratio: perSecond / (2 * LIMITED), target: 0.9, note: '' },
  })
}

interface Provided extends ProviderJob {
  readonly path: string
  readonly bytes: number
}

/** A file in a store, that another process put there. */
async function provide(folder: string, size: Size): Promise<Provided> {
  await mkdir(folder)
  const [path, blocks] = [join(folder, 'model.safetensors'), join(folder, 'blocks')]
  const layout = await writeCheckpoint({ path, bytes: size.bytes, seed: 1 })
  const job: ImportJob = {
    ...{ path, blocks, isLinked: true },
    layout: { ...layout, header: Buffer.from(layout.header).toString('base64') },
  }
  const { root } = await inProcess<ImportAnswer>(join(import.meta.dirname, '../store/import-file.ts'), job)
  return { root, blocks, path, bytes: layout.totalBytes }
}

const receive = (job: ReceiverJob): Promise<ProcessCost> =>
  inProcess<ProcessCost>(join(import.meta.dirname, 'receiver.ts'), job)

/** Each is limited: their sum is what can be had. */
async function fromTwo(provided: readonly ProviderJob[], here: string): Promise<ProcessCost> {
  await rm(here, { recursive: true })
  await mkdir(here)
  const providers = await Promise.all(
    provided.map(({ root, blocks }) => startProvider({ root, blocks, maxUpload: LIMITED })),
  )
  const cost = await receive({ way: 'http', from: providers.map(({ served }) => served), folder: here })
  for (const provider of providers) await provider.stop()
  return cost
}

async function times<T>(count: number, work: () => Promise<T>): Promise<readonly T[]> {
  const found: T[] = []
  for (let run = 0; run < count; run++) found.push(await work())
  return found
}

/** The fastest, and the highest peak. */
function bestOf(costs: readonly ProcessCost[]): ProcessCost {
  return {
    seconds: Math.min(...costs.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)),
  }
}
