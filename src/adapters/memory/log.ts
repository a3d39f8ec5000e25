import type { Log } from '../../ports/system.ts'

export const nullLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => nullLog }

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly scope: string
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface MemoryLog extends Log {
  readonly entries: readonly LogEntry[]
}

/** Keeps every event, children's too, for tests to look at. */
export function memoryLog(): MemoryLog {
  const entries: LogEntry[] = []
  const scoped = (scope: string): Log => {
    const write =
      (level: LogEntry['level']) =>
      (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
        entries.push({ level, scope, event, fields })
      }
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (name) => scoped(scope === '' ? name : `${scope}.${name}`),
    }
  }
  return { ...scoped(''), entries }
}
