import { ColdmeshError } from '../../ports/errors.ts'
import { type Backend, load, use } from './backends.ts'

const ENGINE = 'tfjs-webgpu'
const INSTALL = 'Install both: npm install webgpu @tensorflow/tfjs-backend-webgpu.'
const DRIVER = 'Install the Vulkan driver of the GPU (on Debian also libvulkan1), or use another engine.'
/** What a contribution holds. */
const MAX_DEVICE_LENGTH = 64
/** Adapters that compute on the CPU, and call themselves so. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|microsoft basic render/i

/**
 * A GPU by WebGPU (Dawn).
 *
 * @param allowSoftware whether an adapter that is no GPU will do: it is slower than any other engine
 * @throws ColdmeshError `unsupported` without packages, driver or GPU
 */
export async function openWebGpu({ allowSoftware }: { readonly allowSoftware: boolean }): Promise<Backend> {
  const { create, globals } = await load(ENGINE, 'webgpu', INSTALL, () => import('webgpu'))
  const gpu = create([])
  // As in a browser: TensorFlow.js looks for WebGPU there.
  Object.assign(globalThis, globals)
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true })
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw new ColdmeshError('unsupported', `The engine ${ENGINE} found no GPU`, { hint: DRIVER })
  }
  const { description, device, vendor } = adapter.info
  const name = [description, device, vendor].find((text) => text !== '') ?? 'unnamed'
  const isSoftware = adapter.info.isFallbackAdapter || SOFTWARE.test(`${description} ${device}`)
  if (isSoftware && !allowSoftware) {
    throw new ColdmeshError('unsupported', `The engine ${ENGINE} found no GPU, only ${name}`, { hint: DRIVER })
  }
  const tf = await load(ENGINE, '@tensorflow/tfjs-core', INSTALL, () => import('@tensorflow/tfjs-core'))
  await load(ENGINE, '@tensorflow/tfjs-backend-webgpu', INSTALL, () => import('@tensorflow/tfjs-backend-webgpu'))
  await use(tf, ENGINE, 'webgpu', DRIVER)
  return {
    tf,
    device: `${isSoftware ? 'cpu' : 'gpu'}: ${name}`.replace(/[^ -~]/g, '?').slice(0, MAX_DEVICE_LENGTH),
    close: async () => tf.removeBackend('webgpu'),
  }
}
