import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { writeCheckpoint } from '../../../../bench/checkpoint-file.ts'
import type { MemoryJob } from '../../../../support/fusion/peak.ts'

const MODULE = join(import.meta.dirname, '../../../../support/fusion/peak.ts')
const MOST_BYTES = 300e6
const BYTES = 9_000_000
const INPUTS = 64
type Kind = Pick<MemoryJob, 'rule' | 'params' | 'dtype' | 'usesKernels'> & { readonly isLate?: boolean }
const JOBS: readonly Kind[] = [
  { rule: 'mean/1', params: { step: 300_000_000 }, dtype: 'BF16', usesKernels: true },
  { rule: 'clipped-mean/1', params: {}, dtype: 'F32', usesKernels: true },
  { rule: 'trimmed-mean/1', params: { trim: 3 }, dtype: 'F16', usesKernels: true },
  { rule: 'median/1', params: {}, dtype: 'BF16', usesKernels: true },
  { rule: 'ties/1', params: { density: 200_000_000 }, dtype: 'F32', usesKernels: true },
  { rule: 'ties/1', params: { density: 200_000_000 }, dtype: 'BF16', usesKernels: true },
  { rule: 'ties/1', params: { density: 200_000_000 }, dtype: 'F32', usesKernels: true, isLate: true },
  { rule: 'weighted-mean/1', params: { maxRows: 10 }, dtype: 'F32', usesKernels: false },
]

describe('createFusionEngine', { skip: !existsSync('/proc/self/status') && 'a peak is read from /proc' }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-peak-'))
  })
  after(() => rm(folder, { recursive: true }))

  for (const { isLate = false, ...job } of JOBS) {
    const how = job.usesKernels ? '' : ' in JavaScript'
    it(`takes less than 300 MB for ${job.rule} of 64${isLate ? ' late' : ''} inputs of ${job.dtype}${how}, by four threads`, async () => {
      const files = Array.from({ length: 4 }, (_, seed) => join(folder, `${seed}`))
      for (const [seed, path] of files.entries()) await writeCheckpoint({ path, bytes: BYTES, seed, dtype: job.dtype })
      const [base = '', ...others] = files
      const inputs = Array.from({ length: INPUTS }, (_, input) => others[input % others.length] ?? '')
      const parents = inputs.map((_, input) => (isLate ? (inputs[(input + 1) % INPUTS] ?? null) : null))
      const told: MemoryJob = { ...job, bytes: BYTES, base, inputs, parents, out: join(folder, 'out'), workers: 4 }
      const node = ['--conditions=coldmesh-source', MODULE, JSON.stringify(told)]
      const { stdout } = await promisify(execFile)(process.execPath, node)
      const peak = Number(stdout)
      assert.ok(peak > 0 && peak < MOST_BYTES, `${peak} bytes`)
    })
  }
})
