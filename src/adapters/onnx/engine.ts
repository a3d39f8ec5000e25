import type { Engine, EngineOptions } from '../../training/engine.ts'
import { createExtractor } from './extractor.ts'
import { createFullLearner } from './full-learner.ts'
import { loadRuntime } from './runtime.ts'

export interface OnnxEngineOptions extends EngineOptions {
  readonly wholeLastLayer?: boolean | undefined
}

/** ONNX Runtime on the CPU. @throws ColdmeshError `unsupported` when it isn't installed */
export async function openOnnxEngine({ threads, wholeLastLayer }: OnnxEngineOptions): Promise<Engine> {
  const runtime = await loadRuntime()
  return {
    name: 'onnx',
    device: 'cpu',
    createLearner: async (options) => createFullLearner(options, { runtime, threads, wholeLastLayer }),
    createExtractor: async (options) => createExtractor(options, { runtime, threads }),
    close: async () => {},
  }
}
