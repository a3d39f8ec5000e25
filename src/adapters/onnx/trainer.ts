import { availableParallelism } from 'node:os'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Trainer } from '../../ports/trainer.ts'
import { createWorkerClient } from './worker-client.ts'

/** More threads than this gain little on models of the size that a CPU can finetune. */
const MAX_DEFAULT_THREADS = 8
const MAX_THREADS = 1_024

export interface OnnxTrainerOptions {
  /** Threads of ONNX Runtime. Equal weights on every run are promised for 1 only. Default: one per processor, at most 8. */
  readonly threads?: number
}

/**
 * A trainer for BERT encoders on the CPU: ONNX Runtime in a worker thread. Requests are done one after the other.
 *
 * @throws ColdmeshError `bad-input` for a number of threads that isn't one
 */
export async function createOnnxTrainer(options: OnnxTrainerOptions = {}): Promise<Trainer> {
  const { threads = Math.min(availableParallelism(), MAX_DEFAULT_THREADS) } = options
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new ColdmeshError('bad-input', `The trainer can't run on ${threads} threads`, {
      hint: `Give a whole number from 1 to ${MAX_THREADS}.`,
    })
  }
  // Sources run as they are, the published package is built.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const client = createWorkerClient({ url: new URL(`./worker.${extension}`, import.meta.url), threads })
  return {
    name: 'onnx-cpu',
    device: 'cpu',
    async train({ model, head, dataset, plan, signal, onProgress }) {
      const options = { signal, onProgress }
      const reply = await client.submit({ kind: 'train', model, head, dataset, plan }, options)
      if (reply.kind !== 'trained') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    async evaluate({ model, head, examples, maxTokens, signal }) {
      const reply = await client.submit({ kind: 'evaluate', model, head, examples, maxTokens }, { signal })
      if (reply.kind !== 'evaluated') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    stop: () => client.stop(),
  }
}
