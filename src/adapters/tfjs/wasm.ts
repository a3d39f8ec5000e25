import { type Backend, load, use } from './backends.ts'

const ENGINE = 'tfjs-wasm'
const HINT = 'It comes with coldmesh: install coldmesh again.'

/** WebAssembly, on one thread. Its binaries are read from the package's own files. */
export async function openWasm(): Promise<Backend> {
  const tf = await load(ENGINE, '@tensorflow/tfjs-core', HINT, () => import('@tensorflow/tfjs-core'))
  await load(ENGINE, '@tensorflow/tfjs-backend-wasm', HINT, () => import('@tensorflow/tfjs-backend-wasm'))
  await use(tf, ENGINE, 'wasm', HINT)
  return { tf, device: 'cpu', close: async () => {} }
}
