import { isColdmeshError } from '../ports/errors.ts'
import type { EngineOptions } from '../training/engine.ts'
import { chooseEngine, defaultThreads, isInstalled, openInWorker } from './choose.ts'
import { mayHaveGpu } from './gpu-device.ts'
import { BY_NAME_ONLY, ENGINE_NAMES, type EngineName, GPU_ENGINES } from './names.ts'

/** What an engine does on this machine. */
export interface EngineReport {
  readonly engine: EngineName
  /** `auto` takes it. */
  readonly isChosen: boolean
  /** What it computes on; null when it doesn't work. */
  readonly device: string | null
  /** Of finetuning a small encoder: two layers of 128, 32 rows of 32 tokens. */
  readonly tokensPerSecond: number | null
  /** Why it doesn't work, and what to do; null when it does. */
  readonly reason: string | null
  readonly hint: string | null
}

/**
 * Opens and measures every engine, one after the other, in the order in which `auto` tries them: seconds each.
 *
 * @throws ColdmeshError `aborted`
 */
export async function* examineEngines({
  threads = defaultThreads(),
  signal,
}: Partial<EngineOptions> & { readonly signal?: AbortSignal } = {}): AsyncGenerator<EngineReport> {
  const chosen = await nameOfChosen(threads)
  for (const engine of ENGINE_NAMES) {
    const isChosen = engine === chosen
    try {
      yield { engine, isChosen, ...(await measure(engine, { threads, ...(signal && { signal }) })) }
    } catch (error) {
      if (!isColdmeshError(error) || isColdmeshError(error, 'aborted')) throw error
      const { message: reason, hint = null } = error
      yield { engine, isChosen, device: null, tokensPerSecond: null, reason, hint }
    }
  }
}

async function nameOfChosen(threads: number): Promise<EngineName | null> {
  try {
    const { name, client } = await chooseEngine('auto', { threads })
    await client.stop()
    return name
  } catch (error) {
    if (isColdmeshError(error, 'unsupported')) return null
    throw error
  }
}

async function measure(engine: EngineName, { threads, signal }: EngineOptions & { readonly signal?: AbortSignal }) {
  const needsGpu = GPU_ENGINES.includes(engine) || BY_NAME_ONLY.includes(engine)
  if (needsGpu && isInstalled(engine) && !mayHaveGpu()) {
    return { device: null, tokensPerSecond: null, reason: 'there is no GPU', hint: null }
  }
  const { device, client } = await openInWorker(engine, { threads, allowSoftware: true })
  try {
    const reply = await client.submit({ kind: 'measure' }, { signal })
    if (reply.kind !== 'measured') throw new Error(`unexpected reply ${reply.kind}`)
    return { device, tokensPerSecond: reply.tokensPerSecond, reason: null, hint: null }
  } finally {
    await client.stop()
  }
}
