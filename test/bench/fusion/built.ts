import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** The engine as the package has it, as JavaScript: threads that must strip types first start later. Its path. */
export function buildEngine(scratch: string): string {
  const out = join(scratch, 'dist')
  const options = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', out, '--declaration', 'false']
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), options, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tsc failed: ${stdout}`)
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  return join(out, 'src/adapters/fusion/engine.js')
}
