import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { PACKAGE_ROOT } from '../../node/package-root.ts'
import { commandsOf } from '../support/docs/commands.ts'
import { type Fence, readFences } from '../support/docs/fences.ts'
import { notShown } from '../support/docs/shown-output.ts'
import { type Running, startProcess } from '../support/e2e/process.ts'

const BLOCK_DEADLINE_MS = 120_000
const PAGE = join(PACKAGE_ROOT, 'docs', 'tutorial.md')
const fences = readFences(readFileSync(PAGE, 'utf8')).filter(({ info }) => ['sh', 'text'].includes(info))

const home = realpathSync(mkdtempSync(join(tmpdir(), 'coldmesh-tutorial-')))
symlinkSync(PACKAGE_ROOT, join(home, 'coldmesh'))
// As the page assumes: the checkout in ~/coldmesh, its Node. On loopback, so that no other test's peers come in.
const env = {
  HOME: home,
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  npm_config_offline: 'true',
  npm_config_update_notifier: 'false',
  COLDMESH_LISTEN: '/ip4/127.0.0.1/tcp/0',
  COLDMESH_NO_MDNS: '1',
  COLDMESH_NO_DHT: '1',
}

/** What a reader does with the page: types the blocks, keeps terminals open, and fills in the words in capitals. */
const reader = { cwd: home, terminals: new Map<string, Running>(), seen: new Map<string, string>(), output: '' }

function fillIn(text: string): string {
  return text.replace(/\b[A-Z]+_(?:KEY|CID)\b/g, (word) => {
    const value = reader.seen.get(word)
    assert.ok(value, `nothing printed before this says what ${word} is`)
    return value
  })
}

/** Keys, the network and the newest base, where the program prints them. */
function remember(fence: Fence, output: string): void {
  const names = commandsOf(fence).flatMap((words) => (words.includes('init') ? [words.at(-1) ?? ''] : []))
  const keys = [...output.matchAll(/^public key: ([0-9a-f]{64})$/gm)]
  for (const [at, [, key = '']] of keys.entries()) reader.seen.set(`${names[at]?.toUpperCase()}_KEY`, key)
  const network = /^network +(bafy\w+)$/m.exec(output)?.[1]
  if (network !== undefined) reader.seen.set('GENESIS_CID', network)
  const base = /^base (bafy\w+)$/m.exec(output)?.[1]
  if (base !== undefined) reader.seen.set('BASE_CID', base)
}

async function type(fence: Fence): Promise<void> {
  const terminal = /^# (terminal \d)/.exec(fence.lines[0] ?? '')?.[1]
  const text = fillIn(fence.lines.join('\n'))
  if (terminal === undefined) {
    const place = join(home, 'place')
    const running = startProcess('bash', ['-euo', 'pipefail', '-c', `${text}\npwd > '${place}'`], {
      cwd: reader.cwd,
      env,
    })
    const timer = setTimeout(running.kill, BLOCK_DEADLINE_MS)
    const code = await running.ended
    clearTimeout(timer)
    reader.output = running.lines.join('\n')
    assert.equal(code, 0, reader.output)
    reader.cwd = readFileSync(place, 'utf8').trim()
    remember(fence, reader.output)
    return
  }
  const running = startProcess('bash', ['-euo', 'pipefail', '-c', text], { cwd: reader.cwd, env })
  reader.terminals.set(terminal, running)
  await running.line(/^ready: /)
  reader.output = running.lines.join('\n')
}

async function interruptAll(): Promise<void> {
  for (const running of reader.terminals.values()) running.interrupt()
  await Promise.all([...reader.terminals.values()].map(({ ended }) => ended))
}

// docs/tutorial.md itself: nothing here repeats its commands.
describe('the tutorial, typed from its page', () => {
  after(() => {
    for (const running of reader.terminals.values()) running.kill()
    rmSync(home, { recursive: true, force: true })
  })

  for (const fence of fences) {
    const [first = ''] = fence.lines.filter((line) => !line.startsWith('#'))
    if (fence.info === 'text') {
      it(`line ${fence.at}: this is what is printed`, () => {
        assert.deepEqual(notShown(fence.lines, reader.output), [], reader.output)
      })
    } else if (fence.lines.includes('^C')) {
      it(`line ${fence.at}: Ctrl-C stops all peers`, async () => {
        assert.equal(reader.terminals.size, 3)
        await interruptAll()
        for (const name of ['ada', 'ben', 'cleo'])
          assert.equal(existsSync(join(reader.cwd, name, 'control.json')), false)
      })
    } else it(`line ${fence.at}: ${first.slice(0, 72)}`, () => type(fence))
  }

  it("ends with a base that dan's rows are part of", () => {
    const lineage = readFileSync(join(reader.cwd, 'base', 'README.md'), 'utf8')
    assert.match(lineage, /messages/)
    assert.ok(existsSync(join(reader.cwd, 'base.certificate.cbor')))
  })
})
