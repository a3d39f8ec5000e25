import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createLog } from '../../../../../src/adapters/system/log.ts'

function capture(level: 'debug' | 'info' = 'debug') {
  const lines: string[] = []
  const log = createLog({ level, destination: { write: (line: string) => void lines.push(line) } })
  return { log, lines, parsed: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) }
}

describe('createLog', () => {
  it('writes one JSON line with level, time, event and fields', () => {
    const { log, parsed, lines } = capture()
    log.info('round-open', { round: 3 })
    assert.ok(lines[0]?.endsWith('\n'))
    const { time, ...rest } = parsed()[0] ?? {}
    assert.deepEqual(rest, { level: 'info', event: 'round-open', round: 3 })
    assert.equal(typeof time, 'string')
  })

  it('joins the scopes of children', () => {
    const { log, parsed } = capture()
    log.child('peer').child('sync').warn('slow')
    assert.equal(parsed()[0]?.['scope'], 'peer.sync')
  })

  it('leaves out what is below its level', () => {
    const { log, lines } = capture('info')
    log.debug('detail')
    assert.equal(lines.length, 0)
  })

  it('never writes a secret or bytes', () => {
    const { log, lines } = capture()
    const seed = new Uint8Array(32).fill(7)
    log.error('bad', {
      seed,
      options: { keySeed: seed, apiToken: 'hunter2' },
      message: new TextEncoder().encode('evil'),
    })
    const line = lines.join('')
    assert.ok(!line.includes('7,7'))
    assert.ok(!line.includes('hunter2'))
    assert.ok(!line.includes('evil'))
    assert.ok(line.includes('(4 bytes)'))
  })

  it('keeps the number of a training seed and a count of tokens', () => {
    const { log, parsed } = capture()
    log.info('train', { seed: 42, tokens: 128 })
    assert.equal(parsed()[0]?.['seed'], 42)
    assert.equal(parsed()[0]?.['tokens'], 128)
  })

  it('survives values that JSON refuses', () => {
    const { log, parsed } = capture()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    log.info('odd', { big: 2n ** 70n, loop, error: Object.assign(new Error('no'), { code: 'ENOSPC' }) })
    assert.equal(parsed()[0]?.['big'], String(2n ** 70n))
    assert.deepEqual(parsed()[0]?.['error'], { name: 'Error', code: 'ENOSPC', message: 'no' })
  })

  it('cuts a text that a peer made long, and keeps it on one line', () => {
    const { log, lines } = capture()
    log.info('odd', { name: 'x\n'.repeat(10_000) })
    assert.ok((lines[0]?.length ?? 0) < 1500)
    assert.equal(lines[0]?.split('\n').length, 2)
  })

  it('goes on when the disk under its file is full', { skip: process.platform !== 'linux' }, () => {
    const log = createLog({ level: 'info', destination: '/dev/full' })
    for (let i = 0; i < 10; i++) log.info('line', { i })
    log.close()
  })

  it('writes to a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'coldmesh-log-'))
    try {
      const path = join(directory, 'logs', 'peer.log')
      const log = createLog({ level: 'info', destination: path })
      log.info('hello')
      log.close()
      assert.match(await readFile(path, 'utf8'), /"event":"hello"/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
