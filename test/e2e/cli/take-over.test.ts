import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { longChain, writeDataDir } from '../../support/history/long-chain.ts'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('take-over')
after(folder.remove)
const at = (name: string) => join(folder.path, name)
const eventsIn = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

describe('a data directory of an older version', () => {
  it('is brought up to date by the first command, which says so: to people, and to programs beside their object', async () => {
    const chain = await longChain(2)
    const [key] = chain.net.members
    assert.ok(key)
    for (const name of ['people', 'programs', 'before']) await writeDataDir(at(name), chain, { key })
    const said = await runCli(['log', '--dir', at('people')])
    assert.equal(said.code, 0, said.stderr)
    assert.match(said.stdout, /^bringing the blocks of .+ up to date\n\d+ blocks are up to date\nround 2/)
    const told = await runCli(['log', '--dir', at('programs'), '--json'])
    assert.equal(told.code, 0, told.stderr)
    assert.deepEqual(
      eventsIn(told.stderr).map(({ event }) => event),
      ['taking-over', 'taken-over'],
    )
    JSON.parse(told.stdout.split('\n')[0] ?? '')
    assert.deepEqual(readdirSync(join(at('programs'), 'blocks')).toSorted(), ['packed'])
    const again = await runCli(['log', '--dir', at('programs'), '--json'])
    assert.deepEqual([again.stdout, again.stderr], [told.stdout, ''])
    // One that is only read beside it.
    const head = String(chain.head.base)
    const from = await runCli(['verify', head, '--dir', at('programs'), '--from-dir', at('before'), '--json'])
    assert.deepEqual(
      eventsIn(from.stderr).map(({ event, dir }) => [event, dir]),
      ['taking-over', 'taken-over'].map((event) => [event, at('before')]),
    )
  })
})
