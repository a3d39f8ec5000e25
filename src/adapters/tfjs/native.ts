import util from 'node:util'
import { ColdmeshError } from '../../ports/errors.ts'
import { type Backend, load, type Tf, use } from './backends.ts'

const BACKEND = 'tensorflow'
const NO_GPU = 'Install the CUDA and cuDNN versions that TensorFlow 2.9 asks for, or use another engine.'

/** TensorFlow's own library, on the CPU. @throws ColdmeshError `unsupported` */
export async function openNode(): Promise<Backend> {
  return { tf: await openNative('tfjs-node'), device: 'cpu', close: async () => {} }
}

/** TensorFlow's own library, on a GPU. @throws ColdmeshError `unsupported`, also when it would fall back to the CPU */
export async function openNodeGpu(): Promise<Backend> {
  const tf = await openNative('tfjs-node-gpu')
  const backend: object = tf.backend()
  if (!('isUsingGpuDevice' in backend) || backend.isUsingGpuDevice !== true) {
    throw new ColdmeshError('unsupported', 'The engine tfjs-node-gpu found no GPU', { hint: NO_GPU })
  }
  return { tf, device: 'gpu: CUDA', close: async () => {} }
}

async function openNative(engine: 'tfjs-node' | 'tfjs-node-gpu'): Promise<Tf> {
  const name = `@tensorflow/${engine}`
  const hint = `Install it beside coldmesh: npm install ${name}@4.22.0 (its install script downloads TensorFlow).`
  // Node 24 has them no more.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray })
  // Not known to the compiler: who wants it installs it.
  const library: { readonly default: Tf } = await load(engine, name, hint, () => import(name))
  await use(library.default, engine, BACKEND, hint)
  return library.default
}
