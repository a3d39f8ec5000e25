import type { EngineOptions } from '../training/engine.ts'
import { ENGINE_NAMES, type EngineChoice, type EngineName } from './names.ts'
import { createWorkerClient, type WorkerClient } from './worker-client.ts'

export interface ChosenEngine {
  readonly name: EngineName
  readonly device: string
  readonly client: WorkerClient
}

/** Opens the engine asked for, or the first that works. @throws ColdmeshError `unsupported` */
export async function chooseEngine(choice: EngineChoice, options: EngineOptions): Promise<ChosenEngine> {
  if (choice !== 'auto') return openClient(choice, options)
  const [first] = ENGINE_NAMES
  return openClient(first, options)
}

async function openClient(name: EngineName, options: EngineOptions): Promise<ChosenEngine> {
  // Sources run as they are, the published package is built.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`./worker.${extension}`, import.meta.url)
  const client = createWorkerClient({ url, settings: { ...options, engine: name } })
  try {
    const reply = await client.submit({ kind: 'open' }, {})
    if (reply.kind !== 'opened') throw new Error(`unexpected reply ${reply.kind}`)
    return { name, device: reply.device, client }
  } catch (error) {
    await client.stop()
    throw error
  }
}
