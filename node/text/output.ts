import type { Writable } from 'node:stream'
import pc from 'picocolors'
import { jsonLine, jsonPieces } from './escape.ts'

export type Colors = ReturnType<typeof pc.createColors>

/** Where a command prints. Results go to standard output; progress too, or to standard error when objects are asked for. */
export interface Output {
  readonly json: boolean
  readonly colors: Colors
  /** A line for people; nothing when objects are asked for. */
  say(line: string): void
  /** One object for programs, or its lines for people. */
  result(object: object, lines: () => string): void
  /** As `result`, but objects go to standard error: for commands whose standard output is one object. */
  progress(object: object, line: () => string | null): void
  /** False once the reader went away: then everything is still done, and nothing printed. */
  isOpen(): boolean
  /** Resolves when what was printed has left the process. */
  flush(): Promise<void>
}

export interface OutputOptions {
  readonly json: boolean
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function createOutput({ json, stdout, stderr, environment }: OutputOptions): Output {
  const hasColor = stdout.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  let isOpen = true
  // A reader that left (`coldmesh log | head -1`) is no failure: what is being done still gets done.
  stdout.on('error', () => {
    isOpen = false
  })
  stderr.on('error', () => {})
  const write = (line: string): void => {
    if (isOpen) stdout.write(`${line}\n`)
  }
  return {
    json,
    colors: pc.createColors(hasColor),
    say: (line) => {
      if (!json) write(line)
    },
    result: (object, lines) => {
      if (!json) return write(lines())
      for (const piece of jsonPieces(object)) if (isOpen) stdout.write(piece)
      write('')
    },
    progress: (object, line) => {
      if (json) {
        stderr.write(`${jsonLine(object)}\n`)
        return
      }
      const text = line()
      if (text !== null) write(text)
    },
    isOpen: () => isOpen,
    flush: async () => {
      await Promise.all([isOpen ? drained(stdout) : undefined, drained(stderr)])
    },
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write('', () => resolve())
  })
}
