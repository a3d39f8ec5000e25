import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'

/** Files whose leaves are blocks like any other. */
export function looseFiles(local: Pick<LocalBlocks, 'take' | 'put'>): Pick<WeightFiles, 'receive'> {
  return {
    async receive({ leaves }) {
      const missing: number[] = []
      for (const [index, { cid }] of leaves.entries()) if ((await local.take(cid)) === undefined) missing.push(index)
      return {
        missing,
        async write(leaf, block) {
          const { cid } = leaves[leaf] ?? {}
          if (cid !== undefined) await local.put(cid, block)
        },
        async finish() {},
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}
