import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runCli } from '../../support/node/cli.ts'

/** Has each process say, as it starts, how it was started. */
const SAYING = `--import=data:text/javascript,${encodeURIComponent(
  'process.stderr.write("started: " + JSON.stringify({ pid: process.pid, flags: process.execArgv }) + "\\n")',
)}`
const HEAP = /^--max-semi-space-size=4$/

async function startsOf(nodeOptions: string) {
  const { code, stderr, stdout } = await runCli(['--version'], { env: { NODE_OPTIONS: nodeOptions } })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /\d+\.\d+\.\d+/)
  const starts = stderr.split('\n').filter((line) => line.startsWith('started: '))
  return starts.map((line): { pid: number; flags: string[] } => JSON.parse(line.slice(9)))
}

// decision 0048
describe('coldmesh', { skip: process.platform === 'win32' && 'Windows has no execve' }, () => {
  it('begins again as the same process, with a smaller young generation', async () => {
    const [first, second, ...more] = await startsOf(SAYING)
    assert.ok(first !== undefined && !first.flags.some((flag) => HEAP.test(flag)))
    assert.deepEqual(more, [])
    assert.equal(second?.pid, first.pid)
    assert.ok(
      second?.flags.some((flag) => HEAP.test(flag)),
      String(second?.flags),
    )
  })

  it('keeps what NODE_OPTIONS says of the young generation', async () => {
    const starts = await startsOf(`${SAYING} --max-semi-space-size=32`)
    assert.equal(starts.length, 1)
    assert.ok(!starts[0]?.flags.some((flag) => HEAP.test(flag)))
  })
})
