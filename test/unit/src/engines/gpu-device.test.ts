import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { mayHaveGpu } from '../../../../src/engines/gpu-device.ts'

describe('mayHaveGpu', () => {
  const root = mkdtempSync(join(tmpdir(), 'coldmesh-devices-'))
  after(() => rmSync(root, { recursive: true }))
  const devices = (name: string, file: string | null) => {
    const folder = join(root, name)
    mkdirSync(join(folder, 'dri'), { recursive: true })
    if (file !== null) writeFileSync(join(folder, file), '')
    return folder
  }

  it('sees the devices of GPUs on Linux', () => {
    for (const file of ['nvidiactl', 'kfd', 'dxg', 'dri/renderD128']) {
      assert.equal(mayHaveGpu({ platform: 'linux', devices: devices(file.replace('/', '-'), file) }), true, file)
    }
  })

  it('knows that there is none without them', () => {
    assert.equal(mayHaveGpu({ platform: 'linux', devices: devices('none', null) }), false)
    assert.equal(mayHaveGpu({ platform: 'linux', devices: devices('screen', 'dri/card0') }), false)
    assert.equal(mayHaveGpu({ platform: 'linux', devices: join(root, 'absent') }), false)
  })

  it('lets other systems be asked', () => {
    assert.equal(mayHaveGpu({ platform: 'darwin', devices: join(root, 'absent') }), true)
  })
})
