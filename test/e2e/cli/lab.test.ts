import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { PACKAGE_ROOT } from '../../../node/package-root.ts'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const MAX_MS = 180_000

describe('coldmesh lab', () => {
  const folder = temporaryFolder('lab')
  after(() => folder.remove())
  const out = join(folder.path, 'out')
  const plan = join(PACKAGE_ROOT, 'examples', 'lab', 'quick.json')

  it('runs the quick plan: results for programs and people, and a history that verify accepts', async () => {
    const { code, stdout, stderr } = await runCli(['lab', plan, '--out', out, '--json'], { timeoutMs: MAX_MS })
    assert.equal(code, 0, stderr)
    const { gains, runs, files } = JSON.parse(stdout)
    assert.equal(runs[0].verified.valid, true)
    assert.equal(runs[0].rounds.length, 2)
    assert.deepEqual(
      runs[0].rounds[1].contributions.map(({ excluded }: { excluded: unknown }) => excluded),
      [null, null],
    )
    const seen = gains.find(
      ({ group, task }: { group: string; task: string | null }) => group === 'seen' && task === null,
    )
    assert.ok(seen.mean > 0, `seen tasks gained ${seen.mean}`)
    for (const file of files) assert.ok(existsSync(file), file)
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')).gains, gains)
    assert.match(stderr, /"event":"progress"/)

    const base = runs[0].rounds[1].base
    const verified = await runCli(['verify', base, '--dir', join(out, 'seed-1', 'rounds'), '--json'])
    assert.equal(verified.code, 0, verified.stderr)
    const report = JSON.parse(verified.stdout)
    assert.deepEqual([report.valid, report.level, report.rounds[0].fusion], [true, 'full', 'reproduced'])
  })

  it('says what is wrong with a plan', async () => {
    const { code, stderr } = await runCli(['lab', join(PACKAGE_ROOT, 'package.json')])
    assert.equal(code, 2)
    assert.match(stderr, /coldmesh: bad-input: .*package\.json: tasks/)
  })
})
