import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export const PYTHON = process.env['PYTHON'] ?? 'python3'

/** What a tool of Python's spends, without its imports; null where PYTHON has not got it. */
export function runPython(
  tool: 'torch' | 'numpy' | 'mergekit',
  out: string,
  inputs: readonly string[],
): { readonly seconds: number; readonly peakBytes: number } | null {
  const script = join(import.meta.dirname, 'torch_average.py')
  const { status, stdout, stderr } = spawnSync(PYTHON, [script, tool, out, ...inputs], { encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  if (status === null || stderr.includes('ModuleNotFoundError')) return null
  throw new Error(`${tool} failed: ${stderr.slice(-2000)}`)
}
