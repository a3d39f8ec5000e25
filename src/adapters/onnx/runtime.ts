import { ColdmeshError } from '../../ports/errors.ts'

export type Runtime = typeof import('onnxruntime-node')

/** Loads ONNX Runtime, when it is first needed: it is large, and optional. @throws ColdmeshError `unsupported` */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw new ColdmeshError('unsupported', 'The onnx engine needs the package onnxruntime-node, which did not load', {
      cause,
      hint: 'Install it beside coldmesh: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node (skip: no CUDA download).',
    })
  }
}
