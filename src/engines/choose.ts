import { availableParallelism } from 'node:os'
import { ColdmeshError, isColdmeshError } from '../ports/errors.ts'
import type { PassedOver } from '../ports/trainer.ts'
import type { EngineOptions } from '../training/engine.ts'
import { mayHaveGpu } from './gpu-device.ts'
import {
  BY_NAME_ONLY,
  ENGINE_CHOICES,
  ENGINE_NAMES,
  ENGINE_PACKAGES,
  type EngineChoice,
  type EngineName,
  GPU_ENGINES,
} from './names.ts'
import type { OpenOptions } from './open-engine.ts'
import { createWorkerClient, type WorkerClient } from './worker-client.ts'

/** A driver that hangs should not hang us. Compiling for a GPU takes seconds. */
const OPEN_TIMEOUT_MS = 120_000

const MAX_DEFAULT_THREADS = 8

/** Threads on a CPU when nobody says how many. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), MAX_DEFAULT_THREADS)
}

export interface ChosenEngine {
  readonly name: EngineName
  readonly device: string
  readonly passedOver: readonly PassedOver[]
  /** The worker in which it is open. */
  readonly client: WorkerClient
}

/**
 * Opens the engine asked for; for `auto` the first whose packages are here, that finds its device, and that computes rightly.
 *
 * @throws ColdmeshError `bad-input` for a name that no engine has, `unsupported` when it doesn't work here, `deadline`
 */
export async function chooseEngine(choice: EngineChoice, options: EngineOptions): Promise<ChosenEngine> {
  const named = ENGINE_CHOICES.find((name) => name === choice)
  if (named === undefined) {
    throw new ColdmeshError('bad-input', `There is no engine ${JSON.stringify(choice)}`, {
      hint: `There are: ${ENGINE_CHOICES.join(', ')}, and command:PROGRAM.`,
    })
  }
  if (named !== 'auto') return { ...(await openInWorker(named, { ...options, allowSoftware: true })), passedOver: [] }
  const passedOver: PassedOver[] = []
  for (const engine of ENGINE_NAMES.filter((name) => isInstalled(name) && !BY_NAME_ONLY.includes(name))) {
    if (GPU_ENGINES.includes(engine) && !mayHaveGpu()) continue
    try {
      return { ...(await openInWorker(engine, { ...options, allowSoftware: false })), passedOver }
    } catch (error) {
      if (!isColdmeshError(error)) throw error
      passedOver.push({ engine, reason: error.message })
    }
  }
  throw new ColdmeshError('unsupported', 'No training engine works here', {
    facts: Object.fromEntries(passedOver.map(({ engine, reason }) => [engine, reason])),
    hint: 'Install coldmesh again, with its optional packages: one of them is onnxruntime-node.',
  })
}

export function isInstalled(name: EngineName): boolean {
  try {
    for (const library of ENGINE_PACKAGES[name]) import.meta.resolve(library)
    return true
  } catch {
    return false
  }
}

export async function openInWorker(
  engine: EngineName,
  options: OpenOptions,
): Promise<Omit<ChosenEngine, 'passedOver'>> {
  // Sources run as they are, the published package is built.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`./worker.${extension}`, import.meta.url)
  const client = createWorkerClient({ url, settings: { ...options, engine } })
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(
      new ColdmeshError('deadline', `The engine ${engine} did not start in ${OPEN_TIMEOUT_MS / 1_000} seconds`, {
        hint: 'Use another engine.',
      }),
    )
  }, OPEN_TIMEOUT_MS)
  try {
    const reply = await Promise.race([client.submit({ kind: 'open' }, {}), late])
    if (reply.kind !== 'opened') throw new Error(`unexpected reply ${reply.kind}`)
    return { name: engine, device: reply.device, client }
  } catch (error) {
    await client.stop()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
