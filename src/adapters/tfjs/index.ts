export { openTfjsEngine, type TfjsEngineOptions } from './engine.ts'
