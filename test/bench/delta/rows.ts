import { join } from 'node:path'
import { packLeaf, unpackLeaf, type Width } from '../../../src/checkpoint/delta/pack-leaf.ts'
import { LEAF_BYTES } from '../../../src/checkpoint/unixfs.ts'
import { createTrainer } from '../../../src/engines/trainer.ts'
import { best } from '../measure.ts'
import type { Row, Setup } from '../report.ts'
import { finetune } from './finetunes.ts'

const MODEL = join(import.meta.dirname, '../../../examples/data/base/model')
const LINKS = [
  { name: '100 Mbit/s', gigabytesPerSecond: 0.0125 },
  { name: '1 Gbit/s', gigabytesPerSecond: 0.125 },
]
const RECEIVERS = [1, 4]
const JOB = { model: MODEL, task: 'wn-pos', learningRate: 5e-5, steps: 200, freeze: null }
const RUNS = 5

/** A real finetune of the shipped base, packed and unpacked; then what sending it takes, computed from both. */
export async function* rows({ say }: Setup): AsyncGenerator<Row> {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  try {
    for (const dtype of ['BF16', 'F16', 'F32'] as const) {
      say(`${JOB.steps} steps at ${JOB.learningRate} on ${dtype}`)
      const { base, checkpoint } = await finetune({ ...JOB, dtype }, trainer)
      const { share, packing, unpacking } = await measure(base, checkpoint, dtype === 'F32' ? 4 : 2)
      for (const { name, gigabytesPerSecond } of LINKS) {
        for (const receivers of RECEIVERS) {
          // Receivers share their author's link, and each unpacks on its own machine.
          const plain = receivers / gigabytesPerSecond
          const delta = packing + plain * share + unpacking
          yield {
            step: 'delta',
            what: `${dtype} checkpoint by its delta, from one to ${receivers}`,
            size: '',
            yardstick: `plain, ${name}`,
            ratio: plain / delta,
            target: null,
            gigabytesPerSecond: 1 / delta,
            peakMegabytes: null,
            cpuSecondsPerGigabyte: packing + unpacking,
            note: `${(share * 100).toFixed(0)}% of the bytes; packing ${packing.toFixed(1)}, unpacking ${unpacking.toFixed(1)} s/GB; links computed`,
          }
        }
      }
    }
  } finally {
    await trainer.stop()
  }
}

async function measure(base: Uint8Array, checkpoint: Uint8Array, width: Width) {
  const pairs = Array.from({ length: Math.floor(base.length / LEAF_BYTES) }, (_, i) => ({
    leaf: checkpoint.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES),
    old: base.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES),
  }))
  const gigabytes = (pairs.length * LEAF_BYTES) / 1e9
  let packed: Uint8Array[] = []
  const pack = await best(
    () => {
      packed = pairs.map(({ leaf, old }) => packLeaf(leaf, old, width) ?? leaf)
    },
    { runs: RUNS },
  )
  const unpack = await best(
    () => {
      for (const [i, { old, leaf }] of pairs.entries()) {
        const part = packed[i] ?? leaf
        if (part.length < leaf.length) unpackLeaf(part, old, width)
      }
    },
    { runs: RUNS },
  )
  const bytes = packed.reduce((sum, { length }) => sum + length, 0)
  return {
    share: bytes / 1e9 / gigabytes,
    packing: pack.cpuSeconds / gigabytes,
    unpacking: unpack.cpuSeconds / gigabytes,
  }
}
