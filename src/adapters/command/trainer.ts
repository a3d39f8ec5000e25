import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadExamples } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Trainer } from '../../ports/trainer.ts'
import { createBaseCache } from './base-cache.ts'
import { DEFAULT_TIME_LIMIT_MS, GRACE_MS } from './contract.ts'
import { evaluate, train } from './requests.ts'
import type { RunOptions } from './run.ts'
import { findProgram } from './words.ts'
import { clearOrphans } from './work-directory.ts'

export interface CommandTrainerOptions {
  /** The program and its arguments; it gets one more, the path of a work directory (docs/command-trainer.md). */
  readonly command: readonly string[]
  /** Where work directories and logs are. Default: a folder in the system's temporary one. */
  readonly dir?: string
  /** The program is stopped after so long. Default: a day. */
  readonly timeLimitMs?: number
  /** What it then has between SIGTERM and SIGKILL. Default: 6 s. */
  readonly graceMs?: number
  /** Keep the work directories of runs that went well, too. */
  readonly keep?: boolean
  /** Takes what the program prints that is no event, and notes about what it wrote: a line each. */
  readonly onText?: (line: string) => void
}

const ignore = () => {}

/**
 * A trainer that has any program do the work. Requests are done one after the other. Its `device` is what the program last said.
 *
 * @throws ColdmeshError `bad-input` when there is no such program
 */
export async function createProgramTrainer(
  options: CommandTrainerOptions & { readonly readExamples: ReadExamples },
): Promise<Trainer> {
  const [program = '', ...args] = options.command
  const { dir = join(tmpdir(), 'coldmesh-command'), keep = false, onText = () => {} } = options
  const { timeLimitMs = DEFAULT_TIME_LIMIT_MS, graceMs = GRACE_MS } = options
  const run: RunOptions = { command: [findProgram(program), ...args], dir, timeLimitMs, graceMs, keep, onText }
  await clearOrphans(dir)
  const bases = createBaseCache(dir)
  const stopping = new AbortController()
  let device = 'unknown'
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.then(ignore, ignore) // nobody's weights are held by it
    return turn
  }
  const scope = {
    ...run,
    readExamples: options.readExamples,
    bases,
    stopping: stopping.signal,
    onDevice: (name: string) => (device = name),
  }
  return {
    name: 'command',
    get device() {
      return device
    },
    train: (request) => inTurn(() => train(scope, request)),
    evaluate: (request) => inTurn(() => evaluate(scope, request)),
    async trainTogether() {
      throw new ColdmeshError('unsupported', 'The command trainer trains one task at a time', {
        hint: 'Choose another engine for multitask training.',
      })
    },
    async stop() {
      stopping.abort()
      await last
      await bases.clear()
    },
  }
}
