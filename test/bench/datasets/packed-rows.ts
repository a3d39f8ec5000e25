import { tmpdir } from 'node:os'
import { createSpillingStore } from '../../../src/adapters/files/packed-file.ts'
import { trainingBatches } from '../../../src/training/batches.ts'
import { createHoldOut, heldOutShare } from '../../../src/training/hold-out.ts'
import { createRandom } from '../../../src/training/random.ts'
import { createRowPacker, lengthsOf, type TokenRows } from '../../../src/training/rows.ts'

// What rows take in memory while they are trained on, their tokens being in a file: packed, held out and in batches, as encode-dataset.ts does.
// Prints bytes a row as JSON: node --expose-gc --conditions=coldmesh-source test/bench/datasets/packed-rows.ts [ROWS]

const TOKENS = 64
const rows = Number(process.argv[2] ?? 1_500_000)

/** Objects and buffers that are still in use. */
function used(): number {
  for (let again = 0; again < 3; again++) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const before = used()
const store = createSpillingStore({ what: 'tokens', folder: tmpdir(), memoryNumbers: 0 })
const training = pack()
const packed = used()
const batches = trainingBatches(lengthsOf(training), {
  batch: 32,
  maxTokens: TOKENS,
  random: createRandom(1, 'batches'),
})
batches.next()
const drawn = used()
const megabytes = Math.round(process.resourceUsage().maxRSS / 1_024)
const each = (bytes: number) => Math.round((10 * (bytes - before)) / rows) / 10
process.stdout.write(
  `${JSON.stringify({ rows: training.length, packed: each(packed), batches: each(drawn), peakMegabytes: megabytes })}\n`,
)
store.close()

function pack(): TokenRows {
  const packer = createRowPacker(store)
  const holdOut = createHoldOut({ fraction: heldOutShare(0.1, rows), seed: 1 })
  for (let row = 0; row < rows; row++) {
    const ids = new Int32Array(TOKENS).fill(row % 30_000)
    packer.add({ ids, label: row % 3 })
    holdOut.add({ text: `row ${row}`, label: `label ${row % 3}` })
  }
  const isHeldOut = holdOut.choose()
  const places = Uint32Array.from({ length: rows }, (_, place) => place)
  return packer.rows(places.filter((place) => !isHeldOut(place)))
}
