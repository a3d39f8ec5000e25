import type { Tensor } from 'onnxruntime-node'

/** Tensors by name, here or on the GPU. */
export type Tensors = Readonly<Record<string, Tensor>>

/** Those of `tensors` that a graph reads. */
export function inputsAmong(inputs: readonly { readonly name: string }[], tensors: Tensors): Tensors {
  return Object.fromEntries(
    inputs.flatMap(({ name }) => {
      const tensor = tensors[name]
      return tensor === undefined ? [] : [[name, tensor] as const]
    }),
  )
}

export function prefixed(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]))
}

export function withoutPrefix(prefix: string, tensors: Tensors): Tensors {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

export function dispose(tensors: Tensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose()
}

/** The numbers of a tensor that is on this side. */
export function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('the runtime gave no numbers')
  return tensor.data
}
