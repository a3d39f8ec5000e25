import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Log } from '../../ports/system.ts'
import { toLogFields } from './log-fields.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** A file path, a file descriptor, or anything with `write(line)`. Default: standard error. */
  readonly destination?: string | number | DestinationStream
}

export interface OpenLog extends Log {
  /** Closes the file it opened; safe to call twice. Later lines are dropped. */
  close(): void
}

const STDERR = 2

/** JSON lines: `{"level":"info","time":"...","scope":"room","event":"round-open","round":3}`. */
export function createLog(options: LogOptions): OpenLog {
  const sink = openSink(options.destination ?? STDERR)
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink.stream,
  )
  return { ...fromPino(root), close: sink.close }
}

function fromPino(logger: Logger<never>): Log {
  return {
    debug: (event, fields) => logger.debug(toLogFields(fields), event),
    info: (event, fields) => logger.info(toLogFields(fields), event),
    warn: (event, fields) => logger.warn(toLogFields(fields), event),
    error: (event, fields) => logger.error(toLogFields(fields), event),
    child: (scope) => {
      const parent: unknown = logger.bindings()['scope']
      return fromPino(logger.child({ scope: typeof parent === 'string' ? `${parent}.${scope}` : scope }))
    },
  }
}

interface Sink {
  readonly stream: DestinationStream
  close(): void
}

/** Lines go straight to the file, so a crash loses none. What the disk refuses is dropped: the log never stops the peer. */
function openSink(destination: string | number | DestinationStream): Sink {
  if (typeof destination === 'object') return { stream: destination, close: () => {} }
  let file: number | undefined = typeof destination === 'number' ? destination : openForAppend(destination)
  return {
    stream: {
      write: (line) => {
        if (file === undefined) return
        try {
          writeSync(file, line)
        } catch {
          // Disk full, or nobody reads the pipe any more.
        }
      },
    },
    close: () => {
      if (file !== undefined && typeof destination === 'string') closeSync(file)
      file = undefined
    },
  }
}

function openForAppend(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw new ColdmeshError('refused', `Could not open the log file ${path}.`, {
      facts: { path },
      hint: 'Choose another log file, or log to standard error.',
      cause: error,
    })
  }
}
