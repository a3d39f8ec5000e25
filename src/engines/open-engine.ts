import type { Engine, EngineOptions } from '../training/engine.ts'
import type { EngineName } from './names.ts'

// Loaded when asked for: each brings a large library.
const OPENERS: Readonly<Record<EngineName, (options: EngineOptions) => Promise<Engine>>> = {
  onnx: async (options) => (await import('../adapters/onnx/engine.ts')).openOnnxEngine(options),
}

/** @throws ColdmeshError `unsupported` for an engine that this machine lacks */
export async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  return OPENERS[name](options)
}
