import type { TfjsEngineOptions } from '../adapters/tfjs/engine.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Engine, EngineOptions } from '../training/engine.ts'
import { mayHaveGpu } from './gpu-device.ts'
import type { EngineName } from './names.ts'
import { checkEngine } from './self-check.ts'

export interface OpenOptions extends EngineOptions {
  /** Whether an engine for GPUs may take an adapter that only looks like one: where it was asked for by name. */
  readonly allowSoftware: boolean
}

// Loaded when asked for: each brings a large library.
const openOnnx = async (options: OpenOptions) => (await import('../adapters/onnx/engine.ts')).openOnnxEngine(options)
const openOnnxWebGpu = async ({ allowSoftware }: OpenOptions) => {
  if (!allowSoftware && !mayHaveGpu()) {
    throw new ColdmeshError('unsupported', 'The engine onnx-webgpu needs a GPU, and there is none here')
  }
  return (await import('../adapters/onnx/webgpu-engine.ts')).openOnnxWebGpuEngine()
}
const openTfjs =
  (backend: TfjsEngineOptions['backend']) =>
  async ({ allowSoftware }: OpenOptions) =>
    (await import('../adapters/tfjs/engine.ts')).openTfjsEngine({ backend, allowSoftware })

const OPENERS: Readonly<Record<EngineName, (options: OpenOptions) => Promise<Engine>>> = {
  'tfjs-node-gpu': openTfjs('node-gpu'),
  'tfjs-webgpu': openTfjs('webgpu'),
  'onnx-webgpu': openOnnxWebGpu,
  onnx: openOnnx,
  'tfjs-node': openTfjs('node'),
  'tfjs-wasm': openTfjs('wasm'),
}

/** An engine that has shown that it computes rightly here. @throws ColdmeshError `unsupported` */
export async function openEngine(name: EngineName, options: OpenOptions): Promise<Engine> {
  const engine = await OPENERS[name](options)
  await checkEngine(engine)
  return engine
}
