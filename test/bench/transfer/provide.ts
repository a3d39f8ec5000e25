import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NODE_FLAGS } from '../measure.ts'
import type { ProviderJob, Served } from './ways.ts'

export interface Provider {
  readonly served: Served
  /** Ends it. Resolves with its peak of memory. */
  stop(): Promise<{ readonly peakBytes: number }>
}

/** A process that serves a file. */
export async function startProvider(job: ProviderJob): Promise<Provider> {
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, join(import.meta.dirname, 'provider.ts'), JSON.stringify(job)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const said = async () => {
    const { value } = await lines.next()
    if (typeof value !== 'string') throw new Error('the provider ended')
    return JSON.parse(value)
  }
  return {
    served: await said(),
    async stop() {
      child.stdin.end()
      const { peakBytes } = await said()
      await exited
      return { peakBytes }
    },
  }
}
