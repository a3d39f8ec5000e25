/** Every engine by name, in the order in which `auto` tries them: the fastest first (docs/training.md has the measurements). */
export const ENGINE_NAMES = ['tfjs-node-gpu', 'tfjs-webgpu', 'onnx-webgpu', 'onnx', 'tfjs-node', 'tfjs-wasm'] as const

export type EngineName = (typeof ENGINE_NAMES)[number]

/** Those that `auto` takes only with a GPU. */
export const GPU_ENGINES: readonly EngineName[] = ['tfjs-node-gpu', 'tfjs-webgpu']

/** Taken only by name: it can't be told whether what it found is a GPU (decision 0040). */
export const BY_NAME_ONLY: readonly EngineName[] = ['onnx-webgpu']

/** What a user may ask for. */
export const ENGINE_CHOICES = ['auto', ...ENGINE_NAMES] as const

/** One of those, or a program that trains, with its arguments: docs/command-trainer.md. */
export type EngineChoice = (typeof ENGINE_CHOICES)[number] | `command:${string}`

/** What each engine is made of, beside coldmesh's own code. */
export const ENGINE_PACKAGES: Readonly<Record<EngineName, readonly string[]>> = {
  'tfjs-node-gpu': ['@tensorflow/tfjs-node-gpu'],
  'tfjs-webgpu': ['webgpu', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'],
  'onnx-webgpu': ['onnxruntime-node'],
  onnx: ['onnxruntime-node'],
  'tfjs-node': ['@tensorflow/tfjs-node'],
  'tfjs-wasm': ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
}
