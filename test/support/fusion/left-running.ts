import { readdirSync } from 'node:fs'
import { createFusionEngine } from '../../../src/adapters/fusion/engine.ts'
import { layoutOf } from '../../bench/checkpoint-file.ts'

// A process of its own: checks a file, fuses, checks again, prints its number of threads after each, and leaves its engine as it is.

export interface LeftRunningJob {
  readonly bytes: number
  readonly base: string
  readonly inputs: readonly string[]
  readonly out: string
  /** Default: the engine's. */
  readonly workers?: number
}

const { bytes, base, inputs, out, workers }: LeftRunningJob = JSON.parse(process.argv[2] ?? '')
const layout = layoutOf(bytes)
const engine = createFusionEngine({ workers })
const counts: number[] = []
const count = () => counts.push(readdirSync('/proc/self/task').length)
const check = () => engine.validate({ layout, base, checkpoint: base })
count()
await check()
count()
await engine.fuse({ layout, base, inputs, out, rule: 'mean/1', params: {} })
count()
await check()
count()
process.stdout.write(JSON.stringify(counts))
