import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { writeCheckpoint } from '../../../../bench/checkpoint-file.ts'
import type { LeftRunningJob } from '../../../../support/fusion/left-running.ts'

const MODULE = join(import.meta.dirname, '../../../../support/fusion/left-running.ts')
const BYTES = 5_000_000
const WORKERS = 2
const MAX_MS = 60_000

describe('threads of a fusion engine', { skip: !existsSync('/proc/self/task') && 'they are counted in /proc' }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-threads-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('are kept from one job to the next, whatever its kind, and keep no process alive', async () => {
    const inputs = ['a', 'b'].map((name) => join(folder, name))
    for (const [seed, path] of inputs.entries()) await writeCheckpoint({ path, bytes: BYTES, seed })
    const [base = ''] = inputs
    const job: LeftRunningJob = { bytes: BYTES, base, inputs, out: join(folder, 'out'), workers: WORKERS }
    const node = ['--conditions=coldmesh-source', MODULE, JSON.stringify(job)]
    const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: MAX_MS })
    const [none = 0, ...counts]: readonly number[] = JSON.parse(stdout)
    assert.equal(counts.length, 3)
    for (const count of counts) assert.equal(count - none, WORKERS, stdout)
  })
})
