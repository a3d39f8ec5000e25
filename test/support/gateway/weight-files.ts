import { existsSync } from 'node:fs'
import { appendFile, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WeightFiles } from '../../../src/ports/weight-files.ts'

/** Files of weights in a folder, as plainly as can be: each under its root, unfinished ones with a list of the leaves that came. */
export function folderFiles(folder: string): WeightFiles {
  return {
    async open(root) {
      const path = join(folder, `${root}`)
      if (!existsSync(path)) return null
      return { path, bytes: (await stat(path)).size, async [Symbol.asyncDispose]() {} }
    },
    check: async () => 0,
    partOf: () => null,
    async receive({ root, leaves }) {
      const path = join(folder, `${root}`)
      const [part, list] = [`${path}.part`, `${path}.list`]
      const came = new Set(
        existsSync(list) ? (await readFile(list, 'utf8')).split('\n').filter(Boolean).map(Number) : [],
      )
      const offsets: number[] = []
      let at = 0
      for (const { bytes } of leaves) {
        offsets.push(at)
        at += bytes
      }
      const file = await open(part, existsSync(part) ? 'r+' : 'w+')
      return {
        missing: existsSync(path) ? [] : leaves.flatMap((_, index) => (came.has(index) ? [] : [index])),
        async write(leaf, block) {
          await file.write(block, 0, block.byteLength, offsets[leaf] ?? 0)
          await appendFile(list, `${leaf}\n`)
        },
        async finish() {
          // Not durable: nothing here outlives a test.
          await rename(part, path)
        },
        async [Symbol.asyncDispose]() {
          await file.close()
        },
      }
    },
    link: () => Promise.reject(new Error('not here')),
    make: () => Promise.reject(new Error('not here')),
  }
}
