import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'
import { readTags } from '../../support/node/html-tags.ts'

const folder = temporaryFolder('lineage page')
after(folder.remove)
const at = (name: string) => join(folder.path, name)

async function run(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args)
  assert.equal(code, 0, stderr)
  return stdout
}

describe('coldmesh log --html', () => {
  it('writes a page of a data directory, and of an exported base', async () => {
    await run(['init', '--dir', at('peer')])
    const made = JSON.parse(await run(['genesis', '--dir', at('peer'), '--name', '<i>net</i>', '--json']))
    const written = JSON.parse(await run(['log', '--dir', at('peer'), '--html', at('page.html'), '--json']))
    assert.deepEqual([written.rounds, written.base, written.end], [0, made.base, null])
    const { text } = readTags(readFileSync(at('page.html'), 'utf8'))
    assert.ok(text.includes('<i>net</i>: where the base of round 0 comes from'))
    assert.ok(text.includes(`coldmesh verify ${made.base} --dir DIR --trust ${made.network}`))

    await run(['export', made.base, '--dir', at('peer'), '--out', at('base')])
    await run(['log', at('base'), '--dir', at('peer'), '--html', at('base.html')])
    assert.ok(readTags(readFileSync(at('base.html'), 'utf8')).text.includes(made.network))
  })

  it('refuses a file that is there, and a directory that is no base', async () => {
    await run(['init', '--dir', at('other')])
    const there = await runCli(['log', '--dir', at('other'), '--html', at('other/key')])
    assert.deepEqual([there.code, /is there already/.test(there.stderr)], [2, true])
    const none = await runCli(['log', folder.path, '--html', at('none.html')])
    assert.deepEqual([none.code, /no genesis beside/.test(none.stderr), existsSync(at('none.html'))], [2, true, false])
  })
})
