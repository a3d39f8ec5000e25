import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { inProcess, type ProcessCost } from '../measure.ts'
import type { Row, Setup, Size } from '../report.ts'
import { kuboLacks, pinFromKubo } from './kubo.ts'
import type { ProviderJob, ReceiverJob, Served, Way } from './ways.ts'

const RUNS = 3
/** By which bitswap is measured: its store of small files takes long. */
const MAX_BITSWAP_BYTES = 200_000_000
const LIMITED = 20_000_000

/** A file from one process to another, in each way beside its yardstick. */
export async function* rows({ sizes, scratch, say }: Setup): AsyncIterable<Row> {
  for (const size of sizes) {
    yield* ofSize(size, { folder: join(scratch, size.name), say })
    await rm(join(scratch, size.name), { recursive: true, force: true })
  }
}

async function* ofSize(size: Size, { folder, say }: { folder: string; say: Setup['say'] }): AsyncIterable<Row> {
  await mkdir(join(folder, 'here'), { recursive: true })
  const path = join(folder, 'model.safetensors')
  await writeCheckpoint({ path, bytes: size.bytes, seed: 1 })
  const withBitswap = size.bytes <= MAX_BITSWAP_BYTES
  await using provider = await startProvider({ path, folder, bitswap: withBitswap })
  const from = [provider.served]
  const cost = async (way: Way, runs = RUNS): Promise<ProcessCost> => {
    say(`${size.name} by ${way}`)
    const costs: ProcessCost[] = []
    for (let run = 0; run < runs; run++) {
      const job: ReceiverJob = { way, from, folder: join(folder, 'here') }
      costs.push(await inProcess(join(import.meta.dirname, 'receiver.ts'), job))
      await rm(join(folder, 'here'), { recursive: true })
      await mkdir(join(folder, 'here'))
    }
    return bestOf(costs)
  }
  const gigabytes = provider.served.bytes / 1e9
  const row = (what: string, found: ProcessCost, rest: Pick<Row, 'yardstick' | 'ratio' | 'target' | 'note'>): Row => ({
    ...{ step: 'transfer', what, size: size.name, ...rest },
    gigabytesPerSecond: gigabytes / found.seconds,
    peakMegabytes: found.peakBytes / 1e6,
    cpuSecondsPerGigabyte: found.cpuSeconds / gigabytes,
  })
  const cpuNote = (found: ProcessCost, yard: ProcessCost): string =>
    `the yardstick takes ${(yard.cpuSeconds / gigabytes).toFixed(2)} CPU s/GB, ${(found.cpuSeconds / yard.cpuSeconds).toFixed(2)} of it here`

  const tcp = await cost('tcp')
  const http = await cost('http')
  yield row('fetch over HTTP, verified, to disk', http, {
    ...{ yardstick: 'raw TCP + sha-256 + write', ratio: tcp.seconds / http.seconds, target: 0.6 },
    note: cpuNote(http, tcp),
  })
  const bare = await cost('bare-stream')
  const stream = await cost('stream')
  yield row('fetch over a libp2p stream, verified, to disk', stream, {
    ...{ yardstick: 'a bare libp2p stream of bytes', ratio: bare.seconds / stream.seconds, target: 0.7 },
    note: cpuNote(stream, bare),
  })
  if (withBitswap) {
    const bitswap = await cost('bitswap', 1)
    yield row('fetch over HTTP, verified, to disk', http, {
      ...{ yardstick: 'bitswap in Helia', ratio: bitswap.seconds / http.seconds, target: 8 },
      note: cpuNote(http, bitswap),
    })
  }
  if (kuboLacks === null) {
    say(`${size.name} from Kubo to Kubo`)
    const path = join(folder, provider.served.root)
    const kubo = bestOf(await pinFromKubo({ ...provider.served, path, folder }, RUNS))
    yield row('fetch over HTTP, verified, to disk', http, {
      ...{ yardstick: 'stock Kubo to stock Kubo, pin/add', ratio: kubo.seconds / http.seconds, target: 2 },
      note: `${cpuNote(http, kubo)}; ${(kubo.peakBytes / 1e6).toFixed(0)} MB at most`,
    })
  } else say(`NOT MEASURED beside Kubo: ${kuboLacks}`)
  yield await fromTwo(size, { folder, path: join(folder, provider.served.root), say })
}

/** The fastest, and the highest peak. */
function bestOf(costs: readonly ProcessCost[]): ProcessCost {
  return {
    seconds: Math.min(...costs.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)),
  }
}

/** Two peers, each limited: their sum is what can be had. */
async function fromTwo(
  size: Size,
  { folder, path, say }: { folder: string; path: string; say: Setup['say'] },
): Promise<Row> {
  say(`${size.name} from two peers`)
  const other = join(folder, 'other')
  await mkdir(other)
  await using one = await startProvider({ path, folder, bitswap: false, maxUpload: LIMITED })
  await writeCheckpoint({ path: join(other, 'model'), bytes: size.bytes, seed: 1 })
  await using two = await startProvider({
    path: join(other, 'model'),
    folder: other,
    bitswap: false,
    maxUpload: LIMITED,
  })
  const job: ReceiverJob = { way: 'http', from: [one.served, two.served], folder: join(folder, 'here') }
  const found = await inProcess<ProcessCost>(join(import.meta.dirname, 'receiver.ts'), job)
  const perSecond = one.served.bytes / found.seconds
  return {
    ...{ step: 'transfer', what: 'from two peers, each limited to 20 MB/s', size: size.name },
    ...{ yardstick: 'the sum of their rates', ratio: perSecond / (2 * LIMITED), target: 0.9 },
    gigabytesPerSecond: perSecond / 1e9,
    peakMegabytes: found.peakBytes / 1e6,
    cpuSecondsPerGigabyte: (found.cpuSeconds * 1e9) / one.served.bytes,
    note: '',
  }
}

interface Provider extends AsyncDisposable {
  readonly served: Served
}

async function startProvider(job: ProviderJob): Promise<Provider> {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=coldmesh-source', join(import.meta.dirname, 'provider.ts'), JSON.stringify(job)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = new Promise((resolve) => child.once('exit', resolve))
  if (child.stdout === null) throw new Error('no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await lines.next()
  if (typeof value !== 'string') throw new Error('the provider did not start')
  return {
    served: JSON.parse(value),
    async [Symbol.asyncDispose]() {
      child.stdin?.end()
      await exited
    },
  }
}
