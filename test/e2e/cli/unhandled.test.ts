import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { BIN } from '../../../node/package-root.ts'
import { temporaryDirectory } from '../../net/adapters/support.ts'

/** Breaks the process from within as soon as the command line listens for what nobody catches. */
const breaking = (how: string) =>
  `data:text/javascript,${encodeURIComponent(`process.on('newListener', (name) => {
    if (name === 'uncaughtException') setTimeout(() => { ${how} }, 0)
  })`)}`

// Fault 92. In tests the runner itself fails whoever leaves a rejection to nobody.
describe('a bug that nobody catches', { concurrency: true }, () => {
  for (const [what, how] of [
    ['a rejection', "Promise.reject(new Error('boom'))"],
    ['an exception', "throw new Error('boom')"],
  ] as const) {
    it(`ends the process as a bug, with ${what} named and an exit code of its own`, async () => {
      await using directory = await temporaryDirectory()
      const args = ['--import', breaking(how), BIN, 'daemon', '--dir', directory.path, '--json']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      const [[code], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)])
      assert.equal(code, 1, stderr)
      const { error }: { error?: unknown } = Object(JSON.parse(stderr.trim().split('\n')[0] ?? '{}'))
      assert.deepEqual(Object(error).code, 'bug')
      assert.match(Object(error).message, /boom/)
    })
  }
})
