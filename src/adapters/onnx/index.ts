export { openOnnxEngine } from './engine.ts'
export {
  createMaskedLanguageTrainer,
  type MaskedLanguageBatch,
  type MaskedLanguagePlan,
  type MaskedLanguageTrainer,
} from './masked-language.ts'
export { openOnnxWebGpuEngine } from './webgpu-engine.ts'
