import { type Tensors, withoutPrefix } from './device-tensors.ts'
import { encodeModel } from './encode-model.ts'
import { Graph } from './graph.ts'
import { ERRORS_ONLY } from './program.ts'
import type { Runtime } from './runtime.ts'

const COPY = 'copy:'

/** A compiled graph on the GPU. */
export interface DeviceSession {
  run(feeds: Tensors): Promise<Tensors>
  release(): Promise<void>
}

/** @param onHost the outputs that come back to this side; the others stay on the GPU, where the caller disposes of them */
export async function openDeviceSession(
  runtime: Runtime,
  graph: Graph,
  onHost: (name: string) => boolean,
): Promise<DeviceSession> {
  const locations = graph.outputs.map(({ name }) => [name, onHost(name) ? 'cpu' : 'gpu-buffer'] as const)
  const session = await runtime.InferenceSession.create(encodeModel(graph), {
    executionProviders: ['webgpu'],
    preferredOutputLocation: Object.fromEntries(locations),
    logSeverityLevel: ERRORS_ONLY,
  })
  return { run: (feeds) => session.run(feeds), release: () => session.release() }
}

/** Copies between here and the GPU. */
export interface DeviceCopies {
  upload(tensors: Tensors): Promise<Tensors>
  download(tensors: Tensors): Promise<Tensors>
  /** What was uploaded is disposed of before. */
  release(): Promise<void>
}

/**
 * By sessions: the runtime (1.30) ends the process when a tensor on the GPU is asked for its data, and when one is used whose
 * session is released.
 */
export function createDeviceCopies(runtime: Runtime): DeviceCopies {
  const uploads: DeviceSession[] = []
  return {
    async upload(tensors) {
      if (Object.keys(tensors).length === 0) return {}
      const session = await openCopy(runtime, tensors, () => false)
      uploads.push(session)
      return await session.run(tensors)
    },
    async download(tensors) {
      if (Object.keys(tensors).length === 0) return {}
      const session = await openCopy(runtime, tensors, () => true)
      try {
        return await session.run(tensors)
      } finally {
        await session.release()
      }
    },
    async release() {
      for (const session of uploads.splice(0)) await session.release()
    },
  }
}

/** A graph's outputs need other names than its inputs: that is undone. */
async function openCopy(runtime: Runtime, like: Tensors, onHost: (name: string) => boolean): Promise<DeviceSession> {
  const graph = new Graph({ isPlain: true })
  for (const [name, { dims }] of Object.entries(like)) {
    graph.output(COPY + name, graph.node('Identity', [graph.input(name, dims)], dims))
  }
  const session = await openDeviceSession(runtime, graph, onHost)
  return { ...session, run: async (feeds) => withoutPrefix(COPY, await session.run(feeds)) }
}
