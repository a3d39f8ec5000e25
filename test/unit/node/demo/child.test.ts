import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startChild } from '../../../../node/demo/child.ts'

const dir = mkdtempSync(join(tmpdir(), 'coldmesh-child-'))
after(() => rmSync(dir, { recursive: true }))

describe('startChild', () => {
  it("reports a daemon's end with its own code, sentence and next step", async () => {
    const child = startChild({ name: 'beta', args: ['daemon', '--bogus'], onEvent: () => {} })
    await assert.rejects(child.failed, {
      code: 'bad-input',
      message: /^The daemon beta failed: Unknown option '--bogus'/,
      hint: /--help/,
    })
    assert.equal(child.isRunning, false)
    await child.stop()
  })

  it('does not pass settings of the demo on', async () => {
    process.env['COLDMESH_OPTIONS'] = join(dir, 'absent.json')
    const child = startChild({ name: 'beta', args: ['status', '--dir', join(dir, 'none')], onEvent: () => {} })
    await assert.rejects(child.failed, { message: /There is no data directory/ })
    delete process.env['COLDMESH_OPTIONS']
  })
})
