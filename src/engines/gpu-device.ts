import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where Linux shows GPUs: NVIDIA's and AMD's compute devices, Windows' GPU below WSL; and render nodes in a folder. */
const DEVICES = ['nvidiactl', 'kfd', 'dxg']
const RENDER_NODES = 'dri'

/** False where there is certainly no GPU: then it isn't worth loading a library of a hundred megabytes to hear so. */
export function mayHaveGpu({ platform = process.platform, devices = '/dev' } = {}): boolean {
  if (platform !== 'linux') return true
  if (DEVICES.some((name) => existsSync(join(devices, name)))) return true
  const renderNodes = join(devices, RENDER_NODES)
  return existsSync(renderNodes) && readdirSync(renderNodes).some((name) => name.startsWith('render'))
}
