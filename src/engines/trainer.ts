import type { CommandTrainerOptions } from '../adapters/command/trainer.ts'
import { COMMAND_PREFIX, splitWords } from '../adapters/command/words.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Trainer } from '../ports/trainer.ts'
import { chooseEngine, defaultThreads } from './choose.ts'
import { createCommandTrainer } from './command-trainer.ts'
import type { EngineChoice } from './names.ts'

/** More threads than this gain little on models of the size that a CPU can finetune. */
const MAX_THREADS = 1_024
const DEFAULT_SNAPSHOT_MS = 30_000

export interface TrainerOptions {
  /** Default: `auto`, the fastest that works here. `command:PROGRAM ARGS` is a program. */
  readonly engine?: EngineChoice
  /** Threads of engines on the CPU. Equal weights on every run are promised for 1 only. Default: one per processor, at most 8. */
  readonly threads?: number
  /** For an engine that is a program. */
  readonly program?: Omit<CommandTrainerOptions, 'command'>
}

/**
 * A trainer for encoders of BERT's kind, in a worker thread, or one that is a program. Requests are done one after the other.
 *
 * @throws ColdmeshError `bad-input` for a number of threads that isn't one, `unsupported` for an engine that doesn't work here
 */
export async function createTrainer(options: TrainerOptions = {}): Promise<Trainer> {
  const { engine = 'auto', threads = defaultThreads() } = options
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new ColdmeshError('bad-input', `The trainer can't run on ${threads} threads`, {
      hint: `Give a whole number from 1 to ${MAX_THREADS}.`,
    })
  }
  if (engine.startsWith(COMMAND_PREFIX)) {
    return createCommandTrainer({ ...options.program, command: splitWords(engine.slice(COMMAND_PREFIX.length)) })
  }
  const { name, device, passedOver, client } = await chooseEngine(engine, { threads })
  return {
    name,
    device,
    passedOver,
    async train({ signal, onRead, onProgress, onSnapshot, snapshotEveryMs = DEFAULT_SNAPSHOT_MS, ...task }) {
      const everyMs = onSnapshot === undefined ? undefined : snapshotEveryMs
      const options = { signal, onRead, onProgress, onSnapshot }
      const reply = await client.submit({ kind: 'train', ...task, snapshotEveryMs: everyMs }, options)
      if (reply.kind !== 'trained') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    async trainTogether({ model, tasks, plan, signal, onProgress }) {
      const reply = await client.submit({ kind: 'train-together', model, tasks, plan }, { signal, onProgress })
      if (reply.kind !== 'trained-together') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    async evaluate({ signal, onRead, ...task }) {
      const reply = await client.submit({ kind: 'evaluate', ...task }, { signal, onRead })
      if (reply.kind !== 'evaluated') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    stop: () => client.stop(),
  }
}
