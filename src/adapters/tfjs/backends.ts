import { ColdmeshError } from '../../ports/errors.ts'

export type Tf = typeof import('@tensorflow/tfjs-core')

/** TensorFlow.js, ready to compute on one of its backends. */
export interface Backend {
  readonly tf: Tf
  /** What it computes on. */
  readonly device: string
  close(): Promise<void>
}

/** A library, loaded when it is first needed. @throws ColdmeshError `unsupported` with `hint` when it is not there or does not load */
export async function load<Library>(engine: string, name: string, hint: string, from: () => Promise<Library>) {
  try {
    return await from()
  } catch (cause) {
    const message = `The engine ${engine} needs the package ${name}, which did not load`
    throw new ColdmeshError('unsupported', message, { cause, hint })
  }
}

/** Makes `backend` the one that `tf` computes with. @throws ColdmeshError `unsupported` */
export async function use(tf: Tf, engine: string, backend: string, hint: string): Promise<void> {
  let cause: unknown
  const isSet = await tf.setBackend(backend).catch((error: unknown) => {
    cause = error
    return false
  })
  if (!isSet) throw new ColdmeshError('unsupported', `The engine ${engine} could not be started here`, { cause, hint })
  await tf.ready()
  tf.enableProdMode()
}
