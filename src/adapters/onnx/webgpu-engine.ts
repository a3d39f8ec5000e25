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
  const device = await openDevice(runtime)
  return {
    name: 'onnx-webgpu',
    device: 'webgpu',
    createLearner: (options) => createDeviceLearner(options, runtime),
    createExtractor: (options) => createDeviceExtractor(options, runtime),
    close: () => device.release(),
  }
}

/** A session that is there for as long as the engine: with the last one the runtime lets go of the device and all that it compiled for it. */
async function openDevice(runtime: Runtime): Promise<{ release(): Promise<void> }> {
  const copies = createDeviceCopies(runtime)
  try {
    dispose(await copies.upload({ x: float32(runtime, new Float32Array(1), [1]) }))
    return copies
  } catch (cause) {
    await copies.release()
    throw new ColdmeshError('unsupported', 'The engine onnx-webgpu found no GPU', {
      cause,
      hint: 'Install the Vulkan driver of the GPU (on Debian also libvulkan1), or use another engine.',
    })
  }
}
