/**
 * Loaded into a daemon before anything else (--import): writes down the label of every step that it does to its data
 * directory, and at the chosen one kills the process, or fills the disk for real. COLDMESH_TEST_DISK has the plan.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { DiskPlan } from './plan.ts'
import { type DiskStep, labelOf, watchDisk } from './steps.ts'

const text = process.env['COLDMESH_TEST_DISK']
if (isMainThread && text !== undefined) {
  const plan: DiskPlan = JSON.parse(text)
  const { kill } = plan
  const counts = new Map<string, number>()
  let steps = 0

  const isAt = (label: string): boolean =>
    kill !== undefined && (kill.step === steps || (kill.label === label && kill.nth === counts.get(label)))

  await watchDisk(plan.directory, async (step: DiskStep, perform) => {
    const label = labelOf(step)
    // Written at an orderly end only, and this may be none.
    if (steps === 0) flushCompileCache()
    steps++
    counts.set(label, (counts.get(label) ?? 0) + 1)
    fs.appendFileSync(plan.trace, `${label}\n`)
    if (plan.fill !== undefined && textOf(plan.fill.armed) === label) {
      fs.rmSync(plan.fill.armed)
      fill(plan.fill.ballast)
      fs.writeSync(1, `${JSON.stringify({ event: 'disk-filled', label })}\n`)
    }
    if (plan.cap !== undefined && textOf(plan.cap.armed) === label) {
      fs.rmSync(plan.cap.armed)
      capFiles(fs.statSync(join(plan.directory, step.path)).size)
    }
    if (!isAt(label)) return await perform()
    const half = step.bytes === undefined || kill?.torn !== true ? undefined : Math.ceil(step.bytes.length / 2)
    await (half === undefined ? perform() : perform(step.bytes?.subarray(0, half)))
    process.kill(process.pid, 'SIGKILL')
    return await new Promise(() => {})
  })
}

function textOf(path: string): string | null {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : null
}

/** The system refuses what goes past it, as a full disk does; without the signal, which Node ignores. */
function capFiles(bytes: number): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`])
}

/** Until the system says that there is no space left. */
function fill(path: string): void {
  const file = fs.openSync(path, 'w')
  try {
    for (let bytes = 1 << 20; bytes >= 1; ) {
      try {
        if (fs.writeSync(file, Buffer.alloc(bytes)) < bytes) bytes >>= 1
      } catch {
        bytes >>= 1
      }
    }
  } finally {
    fs.closeSync(file)
  }
}
