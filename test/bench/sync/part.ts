import { join } from 'node:path'
import { startChain, type TestChain } from '../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../support/history/checkpoints.ts'

/** The genesis of the bench: the same in every process. */
export function benchChain(): Promise<TestChain> {
  return startChain('bench', {}, SMALL_LAYOUT)
}

/** What the parts of the bench are started with: `DIRECTORY ROUNDS`. */
export function partOf(argv: readonly string[]): {
  readonly rounds: number
  readonly paths: {
    readonly directory: string
    readonly rounds: string
    readonly blocks: string
    readonly chain: string
    readonly archive: string
  }
} {
  const [directory = '', rounds = ''] = argv.slice(2)
  return {
    rounds: Number(rounds),
    paths: {
      directory,
      rounds: join(directory, 'rounds'),
      blocks: join(directory, 'blocks'),
      chain: join(directory, 'chain'),
      archive: join(directory, 'lineage.car'),
    },
  }
}
