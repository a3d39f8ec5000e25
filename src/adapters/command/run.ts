import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Head, Model } from '../../ports/trainer.ts'
import type { BaseCache } from './base-cache.ts'
import { FILES, MAX_SHOWN_LINES, type PlanFile } from './contract.ts'
import { type ProgramEvent, parseEvent } from './events.ts'
import { runProgram } from './run-program.ts'
import { keepWork, makeOwned, openLog, type Rows, writeInputs } from './work-directory.ts'

export interface RunOptions {
  readonly command: readonly string[]
  readonly dir: string
  readonly timeLimitMs: number
  readonly graceMs: number
  readonly keep: boolean
  readonly onText: (line: string) => void
}

export interface RunRequest {
  readonly model: Model
  readonly head: Head | null
  readonly rows: Rows
  readonly plan: (work: string) => PlanFile
  readonly signal: AbortSignal
  readonly onEvent: (event: ProgramEvent) => void
}

/**
 * One run of the program: its work directory written, the program run, what it wrote read by `take`. The work directory is removed after a
 * run that went well or was aborted; after a failure it is kept, and the error says where.
 */
export async function runIn<T>(
  { bases, ...options }: RunOptions & { readonly bases: BaseCache },
  request: RunRequest,
  take: (out: string) => Promise<T>,
): Promise<T> {
  const work = await makeOwned(options.dir, 'work')
  let isKept = options.keep
  try {
    const base = await bases.directoryOf(request.model)
    await writeInputs(work, { ...request, base, plan: request.plan(work) })
    const log = await openLog(options.dir, new Date())
    try {
      await runListening(options, request, { work, log })
      return await take(join(work, FILES.out))
    } catch (error) {
      if (!(error instanceof ColdmeshError) || UNKEPT.includes(error.code)) throw error
      isKept = true
      throw new ColdmeshError(error.code, error.message, {
        facts: { ...error.facts, work },
        hint: `${error.hint ?? ''} The work directory is kept: ${work}`.trim(),
        cause: error,
      })
    }
  } finally {
    if (isKept) await keepWork(work, bases.giveAway())
    else await rm(work, { recursive: true, force: true })
  }
}

/** After these there is nothing to look at. */
const UNKEPT: readonly string[] = ['aborted', 'unsupported', 'bad-input']

/** A listener that throws ends the run, with what it threw. */
async function runListening(
  options: RunOptions,
  request: RunRequest,
  places: { readonly work: string; readonly log: string },
): Promise<void> {
  const { command, timeLimitMs, graceMs } = options
  const failing = new AbortController()
  const read = lineReader(options, request)
  const onLine = (line: string) => {
    try {
      read(line)
    } catch (error) {
      failing.abort(error)
    }
  }
  try {
    const signal = AbortSignal.any([request.signal, failing.signal])
    await runProgram({ command, timeLimitMs, graceMs, signal, onLine, ...places })
  } catch (error) {
    throw failing.signal.aborted ? failing.signal.reason : error
  }
}

/** Events go to their listener, other lines are shown, so many of them. */
function lineReader({ onText }: RunOptions, { onEvent }: RunRequest): (line: string) => void {
  let shown = 0
  return (line) => {
    const event = parseEvent(line)
    if (event !== null) {
      onEvent(event)
      return
    }
    if (line.trim() === '' || shown > MAX_SHOWN_LINES) return
    shown++
    onText(shown > MAX_SHOWN_LINES ? `${MAX_SHOWN_LINES} lines are shown; more are not` : line)
  }
}
