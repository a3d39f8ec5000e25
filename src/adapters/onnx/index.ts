export { createBertBody } from './initial-weights.ts'
export {
  createMaskedLanguageTrainer,
  type MaskedLanguageBatch,
  type MaskedLanguagePlan,
  type MaskedLanguageTrainer,
} from './masked-language.ts'
export { createOnnxTrainer, type OnnxTrainerOptions } from './trainer.ts'
