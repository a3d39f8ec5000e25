import { ColdmeshError } from '../../ports/errors.ts'
import type { Engine } from '../../training/engine.ts'
import { float32 } from './device-batch.ts'
import { createDeviceExtractor } from './device-extractor.ts'
import { createDeviceLearner } from './device-learner.ts'
import { createDeviceCopies } from './device-session.ts'
import { dispose } from './device-tensors.ts'
import { loadRuntime, type Runtime } from './runtime.ts'

/**
 * ONNX Runtime on a GPU, by WebGPU (Dawn, inside the package). The runtime doesn't tell which adapter it took.
 *
 * @throws ColdmeshError `unsupported` when it isn't installed, or finds no adapter
 */
export async function openOnnxWebGpuEngine(): Promise<Engine> {
  const runtime = await loadRuntime()
  await tryDevice(runtime)
  return {
    name: 'onnx-webgpu',
    device: 'webgpu',
    createLearner: (options) => createDeviceLearner(options, runtime),
    createExtractor: (options) => createDeviceExtractor(options, runtime),
    close: async () => {},
  }
}

async function tryDevice(runtime: Runtime): Promise<void> {
  const copies = createDeviceCopies(runtime)
  try {
    dispose(await copies.upload({ x: float32(runtime, new Float32Array(1), [1]) }))
  } catch (cause) {
    throw new ColdmeshError('unsupported', 'The engine onnx-webgpu found no GPU', {
      cause,
      hint: 'Install the Vulkan driver of the GPU (on Debian also libvulkan1), or use another engine.',
    })
  } finally {
    await copies.release()
  }
}
