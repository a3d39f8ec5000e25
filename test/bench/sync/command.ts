import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BIN } from '../../../node/package-root.ts'

/** What a process of the command line took. */
export interface CommandFigures {
  readonly cpuSeconds: number
  readonly peakMegabytes: number
}

/** Runs before the command in its process, and notes what it took when it ends. Not TypeScript: stripping it would count. */
const METER = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from 'node:fs'
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    const figures = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMegabytes: maxRSS / 1024 }
    writeFileSync(process.env.COLDMESH_BENCH_FIGURES, JSON.stringify(figures))
  })
`)}`

/** Runs `coldmesh ARGS` as a person does, and throws its output away. */
export async function measureCommand(...args: readonly string[]): Promise<CommandFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'coldmesh-bench-'))
  try {
    const file = join(folder, 'figures')
    const env = { ...process.env, NODE_OPTIONS: `--import ${METER}`, COLDMESH_BENCH_FIGURES: file }
    const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.resume()
    const [code]: unknown[] = await once(child, 'exit')
    if (code !== 0) throw new Error(`coldmesh ${args.join(' ')} ended with ${code}`)
    return JSON.parse(await readFile(file, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
