import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { archiveOf } from '../../support/archive/small-archive.ts'
import { licensedChain } from '../../support/attest/attested.ts'
import type { TestChain } from '../../support/history/build-chain.ts'
import { writeDataDir } from '../../support/history/long-chain.ts'
import { rolledBackChain } from '../../support/history/rolled-back.ts'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'
import { readTags } from '../../support/node/html-tags.ts'
import { testKey } from '../../support/protocols/network.ts'

const folder = temporaryFolder('archives told')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const nowhere = ['--dir', at('nowhere')]
/** Its committee changes in round 3. */
let chain: TestChain
const files: Record<string, string> = {}
before(async () => {
  chain = await licensedChain()
  for (const contents of ['lineage', 'weights', 'everything'] as const) {
    files[contents] = (await archiveOf(chain, contents, folder.path)).path
  }
  files['back'] = (await archiveOf(await rolledBackChain(), 'everything', folder.path)).path
  await writeDataDir(at('peer'), chain, { key: testKey('outsider') })
})
const car = (name: string) => files[name] ?? assert.fail(name)

describe('log, of an archive', () => {
  it('tells every round from the file alone, under the committee of each', async () => {
    for (const contents of ['lineage', 'everything']) {
      const { code, stdout, stderr } = await runCli(['log', car(contents), ...nowhere, '--json'])
      assert.equal(code, 0, stderr)
      const rounds = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual(
        rounds.map(({ base }) => base),
        chain.entries.map(({ base }) => String(base)).reverse(),
      )
    }
    assert.equal(existsSync(at('nowhere')), false)
  })

  it('says what a rollback reverted, and writes the page with norms measured', async () => {
    const { stdout } = await runCli(['log', car('back'), ...nowhere])
    assert.match(stdout, /^round 2 {2}bafy\w+ {2}reverted by round 3: not in the weights$/m)
    assert.equal(stdout.match(/reverted/g)?.length, 1)
    const page = await runCli(['log', car('back'), ...nowhere, '--html', at('back.html')])
    assert.equal(page.code, 0, page.stderr)
    const { text } = readTags(await readFile(at('back.html'), 'utf8'))
    assert.match(text, /reverted by round 3/)
    assert.match(text, /\d\.\d+ measured/)
  })

  it('tells an exported directory as far as it goes', async () => {
    const out = await runCli(['import', car('weights'), '--out', at('base')])
    assert.equal(out.code, 0, out.stderr)
    // of the round after an amendment, the committee is not known from the directory alone
    const whole = await runCli(['log', at('base'), ...nowhere])
    assert.equal(whole.code, 4, whole.stdout)
    const back = await runCli(['import', car('back'), '--out', at('back')])
    assert.equal(back.code, 0, back.stderr)
    const { code, stdout } = await runCli(['log', at('back'), ...nowhere])
    assert.equal(code, 0, stdout)
    assert.match(stdout, /^round 4 .*\n(?:.*\n)*the rounds before are not here: /)
  })

  it('tells nothing of one that does not hold, or is none', async () => {
    const bytes = await readFile(car('lineage'))
    const flipped = Buffer.from(bytes)
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] ?? 0) ^ 1
    await writeFile(at('flipped.car'), flipped)
    const bad = await runCli(['log', at('flipped.car'), ...nowhere])
    assert.deepEqual([bad.code, bad.stdout, /is no archive: archive-block/.test(bad.stderr)], [2, '', true])
    await writeFile(at('text'), 'hello')
    const none = await runCli(['log', at('text'), ...nowhere])
    assert.deepEqual([none.code, /is no archive/.test(none.stderr)], [2, true])
  })
})
