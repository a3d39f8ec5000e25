import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { EXIT } from '../../../node/exit-codes.ts'
import { DEFAULT_MAX_STOP_MS } from '../../../node/interrupt.ts'

const STUBBORN = join(import.meta.dirname, '..', '..', 'support', 'node', 'stubborn.ts')
const DEADLINE_MS = 30_000

/** Sends `signal` whenever `when` holds of a line; every line, and how it ended. */
async function runStubborn(
  signal: NodeJS.Signals,
  when: (line: string, lines: readonly string[]) => boolean,
  ...maxStopMs: readonly number[]
) {
  const child = spawn(process.execPath, ['--conditions=coldmesh-source', STUBBORN, ...maxStopMs.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (when(line, lines)) child.kill(signal)
  })
  const [code, by]: (number | string | null)[] = await once(child, 'exit')
  return { lines, code, by }
}

// fault 105
describe('listenForInterrupt', { concurrency: true }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`asks to stop at the first ${signal}; a second one forces`, async () => {
      const isTime = (line: string) => line === 'ready' || line === 'goes on'
      const { lines, code, by } = await runStubborn(signal, isTime)
      assert.deepEqual([code, by], [EXIT.interrupted, null])
      assert.deepEqual(
        lines.filter((line) => line.startsWith('stopping')),
        [`stopping ${signal}`],
      )
      // npm and the terminal deliver one Ctrl-C twice: signals that come at once are one. A hundred lines are ten seconds.
      const goingOn = lines.filter((line) => line === 'goes on').length
      assert.ok(goingOn > 1 && goingOn < 60, `${goingOn} lines`)
    })
  }

  it('ends a process that only goes on, by itself', async () => {
    const { lines, code, by } = await runStubborn('SIGINT', (line) => line === 'ready', 1000)
    assert.deepEqual([code, by], [EXIT.interrupted, null])
    const goingOn = lines.filter((line) => line === 'goes on').length
    assert.ok(goingOn > 1 && goingOn < 20, `${goingOn} lines`)
    assert.equal(DEFAULT_MAX_STOP_MS, 10_000)
  })
})
