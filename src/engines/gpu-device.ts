import { existsSync, readdirSync } from 'node:fs'

/** Where Linux shows GPUs: render nodes, NVIDIA's and AMD's compute devices, Windows' GPU below WSL. */
const DEVICES = ['/dev/nvidiactl', '/dev/kfd', '/dev/dxg']
const RENDER_NODES = '/dev/dri'

/** False where there is certainly no GPU: then it isn't worth loading a library of a hundred megabytes to hear so. */
export function mayHaveGpu(platform: NodeJS.Platform = process.platform): boolean {
  if (platform !== 'linux') return true
  return DEVICES.some((path) => existsSync(path)) || hasRenderNode()
}

function hasRenderNode(): boolean {
  try {
    return readdirSync(RENDER_NODES).some((name) => name.startsWith('render'))
  } catch {
    return false
  }
}
