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
const SMALL_BYTES = 5_000_000
/** Of nine files more than the calling thread does, of two less. */
const LARGER = { bytes: 12_000_000, copies: 4 }
const MAX_MS = 60_000

type Asked = Pick<LeftRunningJob, 'bytes' | 'workers'> & { readonly copies?: number }

describe('threads of a fusion engine', { skip: !existsSync('/proc/self/task') && 'they are counted in /proc' }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-threads-'))
  })
  after(() => rm(folder, { recursive: true }))

  /** How many more threads there are after a check, a fusion and a check than before. */
  async function countThreads({ copies = 1, ...job }: Asked): Promise<readonly number[]> {
    const paths = ['a', 'b'].map((name) => join(folder, name))
    for (const [seed, path] of paths.entries()) await writeCheckpoint({ path, bytes: job.bytes, seed })
    const [base = ''] = paths
    const inputs = Array.from({ length: copies }, () => paths).flat()
    const told: LeftRunningJob = { ...job, base, inputs, out: join(folder, 'out') }
    const node = ['--conditions=coldmesh-source', MODULE, JSON.stringify(told)]
    const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: MAX_MS })
    const [none = 0, ...counts]: readonly number[] = JSON.parse(stdout)
    return counts.map((count) => count - none)
  }

  it('are kept from one job to the next, whatever its kind, and keep no process alive', async () => {
    assert.deepEqual(await countThreads({ bytes: SMALL_BYTES, workers: 2 }), [2, 2, 2])
  })

  it('are not started for a small model', async () => {
    assert.deepEqual(await countThreads({ bytes: SMALL_BYTES }), [0, 0, 0])
  })

  it('are started where there is much to fuse', async () => {
    const [checked, fused = 0, checkedAgain] = await countThreads(LARGER)
    assert.equal(checked, 0)
    assert.ok(fused >= 1)
    assert.equal(checkedAgain, fused)
  })
})
