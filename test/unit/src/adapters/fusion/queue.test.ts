import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFusionEngine } from '../../../../../src/adapters/fusion/engine.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { checkpoint, LAYOUT, offsetOf } from '../../fusion/support.ts'

describe('createFusionEngine, asked for several things at once', () => {
  let folder = ''
  const path = (name: string) => join(folder, name)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-queue-'))
    for (const [seed, name] of ['base', 'a', 'b', 'c'].entries()) await writeFile(path(name), checkpoint(seed))
    const bad = checkpoint(9)
    bad.set([0, 0, 0x80, 0x7f], offsetOf('large', 299_999))
    await writeFile(path('bad'), bad)
  })
  after(() => rm(folder, { recursive: true }))

  const files = () => ({ layout: LAYOUT, base: path('base'), inputs: ['a', 'b', 'c'].map(path) })
  const ties = (out: string) => ({ ...files(), rule: 'ties/1', params: { density: 300_000_000 }, out: path(out) })
  const median = (out: string) => ({ ...files(), rule: 'median/1', params: {}, out: path(out) })
  const check = (name: string) => ({ layout: LAYOUT, base: path('base'), checkpoint: path(name) })

  for (const workers of [0, 2]) {
    it(`gives each its own result, by ${workers} threads`, async () => {
      await using engine = createFusionEngine({ workers })
      const alone = {
        ties: await engine.fuse(ties('ties-alone')),
        median: await engine.fuse(median('median-alone')),
        digests: await engine.digest({ layout: LAYOUT, paths: [path('a'), path('b')] }),
      }
      for (let turn = 0; turn < 3; turn++) {
        const [good, tied, bad, middle, digests, refused] = await Promise.all([
          engine.validate(check('a')),
          engine.fuse(ties('ties')),
          engine.validate(check('bad')),
          engine.fuse(median('median')),
          engine.digest({ layout: LAYOUT, paths: [path('a'), path('b')] }),
          engine.fuse({ ...median('refused'), inputs: ['a', 'bad'].map(path) }).catch((error: unknown) => error),
        ])
        assert.deepEqual(good, { ok: true })
        assert.ok(!bad.ok && bad.reason === 'not-finite' && bad.detail.includes('299999'))
        assert.ok(isColdmeshError(refused, 'bad-checkpoint') && refused.facts['input'] === 1)
        assert.deepEqual(tied.digests, alone.ties.digests)
        assert.deepEqual(middle.digests, alone.median.digests)
        assert.deepEqual(digests, alone.digests)
        for (const name of ['ties', 'median']) {
          assert.ok((await readFile(path(name))).equals(await readFile(path(`${name}-alone`))))
        }
      }
    })
  }

  it('gives engines of the calling thread their own results', async () => {
    await using one = createFusionEngine({ workers: 0 })
    await using other = createFusionEngine({ workers: 0 })
    const clipped = (out: string) => ({ ...files(), rule: 'clipped-mean/1', params: {}, out: path(out) })
    const weighted = { ...files(), rule: 'weighted-mean/1', params: { maxRows: 9 }, rows: [1, 5, 9] }
    const alone = [await one.fuse(clipped('clipped')), await one.fuse({ ...weighted, out: path('weighted') })].map(
      ({ digests }) => digests,
    )
    const beside = await Promise.all([one.fuse(clipped('clipped')), other.fuse({ ...weighted, out: path('weighted') })])
    assert.deepEqual(
      beside.map(({ digests }) => digests),
      alone,
    )
  })

  it('does not start what was aborted while it waited', async () => {
    await using engine = createFusionEngine({ workers: 2 })
    const abort = new AbortController()
    let isFirstDone = false
    const first = engine.fuse({ ...ties('first'), onProgress: () => abort.abort() }).then(() => {
      isFirstDone = true
    })
    const units: unknown[] = []
    const second = engine.fuse({
      ...{ ...median('second'), signal: abort.signal },
      onProgress: (progress) => units.push(progress),
    })
    await assert.rejects(second, (error) => isColdmeshError(error, 'aborted'))
    assert.ok(!isFirstDone, 'it says so at once')
    await first
    assert.deepEqual(units, [])
    assert.equal((await stat(path('second'))).size, 0)
    assert.deepEqual(await engine.validate(check('b')), { ok: true })
  })
})
