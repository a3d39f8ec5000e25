import { execFile, execFileSync } from 'node:child_process'
import { BIN } from '../../../node/package-root.ts'

export interface Outcome {
  readonly code: number
  readonly out: string
}

/** Whether a process can be run here that has no network interface but a loopback that is down. */
export const canCutOff = ((): boolean => {
  try {
    execFileSync('unshare', ['-rn', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** The command line in a process without a network, where the system lets us make one. */
export function coldmeshOffline(...args: readonly string[]): Promise<Outcome> {
  const command = [process.execPath, BIN, ...args]
  return run(canCutOff ? ['unshare', '-rn', ...command] : command)
}

export function coldmesh(...args: readonly string[]): Promise<Outcome> {
  return run([process.execPath, BIN, ...args])
}

function run([program = '', ...args]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 1 << 24 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr })
    })
  })
}
