import type { Engine } from '../../training/engine.ts'
import type { Backend } from './backends.ts'
import { createExtractor } from './extractor.ts'
import { createLearner } from './learner.ts'
import { openNode, openNodeGpu } from './native.ts'
import { openWasm } from './wasm.ts'
import { openWebGpu } from './webgpu.ts'

export interface TfjsEngineOptions {
  readonly backend: 'wasm' | 'node' | 'node-gpu' | 'webgpu'
  /** Whether `webgpu` may take an adapter that is no GPU. */
  readonly allowSoftware: boolean
}

const OPENERS: Readonly<Record<TfjsEngineOptions['backend'], (options: TfjsEngineOptions) => Promise<Backend>>> = {
  wasm: openWasm,
  node: openNode,
  'node-gpu': openNodeGpu,
  webgpu: openWebGpu,
}

/** TensorFlow.js on one of its backends, one per thread. @throws ColdmeshError `unsupported` for one that doesn't work here */
export async function openTfjsEngine(options: TfjsEngineOptions): Promise<Engine> {
  const { tf, device, close } = await OPENERS[options.backend](options)
  return {
    name: `tfjs-${options.backend}`,
    device,
    createLearner: async (options) => createLearner(tf, options),
    createExtractor: async (options) => createExtractor(tf, options),
    close,
  }
}
