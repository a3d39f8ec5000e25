/**
 * Loaded into a daemon before anything else (--import): writes down the label of every step that it does to its data
 * directory, and at the chosen one kills the process, or fills the disk for real. COLDMESH_TEST_DISK has the plan.
 */
import fs from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import type { DiskPlan } from './plan.ts'
import { type DiskStep, labelOf, watchDisk } from './steps.ts'

const text = process.env['COLDMESH_TEST_DISK']
if (isMainThread && text !== undefined) {
  const plan: DiskPlan = JSON.parse(text)
  const { kill } = plan
  const fills = [...(plan.fills ?? [])]
  const counts = new Map<string, number>()
  let steps = 0

  const isAt = (label: string): boolean =>
    kill !== undefined && (kill.step === steps || (kill.label === label && kill.nth === counts.get(label)))

  await watchDisk(plan.directory, async (step: DiskStep, perform) => {
    const label = labelOf(step)
    steps++
    counts.set(label, (counts.get(label) ?? 0) + 1)
    fs.appendFileSync(plan.trace, `${label}\n`)
    const isArmed = plan.armed !== undefined && fs.existsSync(plan.armed)
    if (isArmed && fills[0] === label && plan.ballast !== undefined && !fs.existsSync(plan.ballast)) {
      fills.shift()
      fill(plan.ballast)
      fs.writeSync(1, `${JSON.stringify({ event: 'disk-filled', label })}\n`)
    }
    if (!isAt(label)) return await perform()
    const half = step.bytes === undefined || kill?.torn !== true ? undefined : Math.ceil(step.bytes.length / 2)
    await (half === undefined ? perform() : perform(step.bytes?.subarray(0, half)))
    process.kill(process.pid, 'SIGKILL')
    return await new Promise(() => {})
  })
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
