import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { show } from './text/escape.ts'
import type { Output } from './text/output.ts'

/** Folders that blocks lay in, each in a file of its own. */
const OLD_FOLDER = /^[A-Z2-7]{2}$/

/** Before a command opens it: to bring the data directory of an older version up to date may take minutes, and that is told. */
export async function takeOverBlocks(dir: string, output: Output): Promise<void> {
  const dataDir = resolve(dir)
  const blocks = join(dataDir, 'blocks')
  if (!existsSync(blocks) || !readdirSync(blocks).some((name) => OLD_FOLDER.test(name))) return
  const { isColdmeshError, takeOver } = await import('coldmesh/history')
  const onBegin = (): void => {
    output.progress({ event: 'taking-over', dir: dataDir }, () => `bringing the blocks of ${show(dataDir)} up to date`)
  }
  try {
    const done = await takeOver({ dataDir, onBegin })
    if (done === null) return
    output.progress({ event: 'taken-over', dir: dataDir, ...done }, () => {
      return `${done.blocks} blocks are up to date${done.files > 0 ? `, in them ${done.files} files of weights` : ''}`
    })
  } catch (error) {
    // Whoever runs on it does it.
    if (!isColdmeshError(error, 'locked')) throw error
  }
}
