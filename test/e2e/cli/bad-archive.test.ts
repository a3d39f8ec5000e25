import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('bad archives')
after(folder.remove)

const UNKNOWN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const DIR = ['--dir', join(folder.path, 'nowhere')]
const NOBODY = 'http://127.0.0.1:1/base.car'

function file(name: string, text: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}

/** One line with the code and the sentence, one with the next step. */
async function refuses(args: readonly string[], message: RegExp, { exit = 2, code = 'bad-input' } = {}): Promise<void> {
  const { code: status, stderr } = await runCli(args)
  assert.equal(status, exit, stderr)
  const [first = '', second = '', ...more] = stderr.trimEnd().split('\n')
  assert.match(first, new RegExp(`^coldmesh: ${code}: `))
  assert.match(first, message)
  assert.match(second, /^ {2}next: ./)
  assert.deepEqual(more, [])
}

// fault 104
describe('a wrong archive', () => {
  it('is a report with the reason, for programs and for people', async () => {
    const { code, stdout } = await runCli(['verify', file('empty.car', ''), ...DIR, '--json'])
    assert.deepEqual([code, JSON.parse(stdout).failures[0].link], [4, 'archive'])
    const shown = await runCli(['verify', file('text', 'hello'), ...DIR])
    assert.equal(shown.code, 4)
    assert.match(shown.stdout, /not valid.*\n(?:.*\n)*first bad link: round 0, archive: archive-/)
  })

  it('is named when it is no file', async () => {
    const pipe = join(folder.path, 'pipe.car')
    execFileSync('mkfifo', [pipe])
    await refuses(['verify', pipe, ...DIR], /is no file/)
    await refuses(['import', pipe, ...DIR], /cannot be read/)
    await refuses(['verify', 'absent.car', ...DIR], /neither a CID nor a directory or file/)
  })

  it('is named when it is at no URL, or nobody answers there', async () => {
    await refuses(['verify', 'http://', ...DIR], /is no http or https URL/)
    await refuses(['verify', 'http://me:mine@127.0.0.1:1/', ...DIR], /has a user or a password/)
    await refuses(['verify', NOBODY, ...DIR], /no whole answer/, { exit: 3, code: 'unreachable' })
    await refuses(['verify', NOBODY, ...DIR, '--certificate', folder.path], /is no file of a certificate/)
  })

  it('is not written or unpacked where something is, nor in two ways', async () => {
    const there = file('there.car', '')
    const never = join(folder.path, 'never')
    await refuses(['export', UNKNOWN, ...DIR, '--car', there], /is there already/)
    await refuses(['export', UNKNOWN, ...DIR, '--car', never, '--out', never], /two ways to export/)
    await refuses(['export', UNKNOWN, ...DIR, '--out', never, '--contents', 'lineage'], /--contents says/)
    await refuses(['export', UNKNOWN, ...DIR, '--car', never, '--contents', 'all'], /lineage or weights or everything/)
    await refuses(['import', there, ...DIR, '--out', folder.path], /is there already/)
    await refuses(['import', there, ...DIR, '--out', never], /is no archive/)
  })
})
