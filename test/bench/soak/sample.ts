import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Daemon } from '../../support/e2e/daemon.ts'
import { connectInspector } from './inspector.ts'

/** What is measured of each daemon; all of it but `store` has to stay flat. */
export const FIGURES = [
  'rss',
  'heap',
  'buffers',
  'files',
  'handles',
  'listeners',
  'maps',
  'sets',
  'signals',
  'promises',
  'journal',
  'store',
] as const
export type Figure = (typeof FIGURES)[number]
export type Sample = Readonly<Record<Figure, number>>

/** A daemon started with --inspect, measured from outside. */
export async function sample(daemon: Daemon): Promise<Sample> {
  using inspector = await connectInspector(debuggerOf(daemon))
  const { heapBytes, bufferBytes, ...counts } = await inspector.census()
  const pid = Number(JSON.parse(await readFile(join(daemon.dataDir, 'lock.json'), 'utf8')).pid)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return {
    rss: 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
    heap: heapBytes,
    buffers: bufferBytes,
    files: (await readdir(`/proc/${pid}/fd`)).length,
    ...counts,
    journal: (await stat(join(daemon.dataDir, 'journal'))).size,
    store: await bytesBelow(daemon.dataDir),
  }
}

function debuggerOf({ name, output }: Daemon): string {
  const line = output.find((text) => text.includes('Debugger listening on '))
  if (line === undefined) throw new Error(`${name} listens for no debugger`)
  return line.slice(line.indexOf('ws://'))
}

async function bytesBelow(directory: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    // Files go while they are counted.
    sum += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    )
  }
  return sum
}
