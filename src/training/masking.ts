import type { Random } from './random.ts'

/** BERT's recipe: of the chosen tokens most are masked, some replaced by a random token, some left. */
const MASKED_SHARE = 0.8
const RANDOM_SHARE = 0.1
export const DEFAULT_MASK_PROBABILITY = 0.15

export interface MaskingOptions {
  readonly random: Random
  /** Id of `[MASK]`. */
  readonly maskId: number
  readonly vocabSize: number
  /** Never chosen: `[CLS]`, `[SEP]`, `[PAD]` and the like. */
  readonly specialIds: ReadonlySet<number>
  /** Chance of a token to be chosen. */
  readonly probability?: number
  /** At most so many are chosen. */
  readonly maxTargets?: number
}

/** Chooses tokens to predict: `ids` with the chosen ones replaced, and `targets`, the token that was there, -1 elsewhere. */
export function maskTokens(tokens: Int32Array, options: MaskingOptions): { ids: Int32Array; targets: Int32Array } {
  const { random, maskId, vocabSize, specialIds } = options
  const { probability = DEFAULT_MASK_PROBABILITY, maxTargets = Number.POSITIVE_INFINITY } = options
  const ids = tokens.slice()
  const targets = new Int32Array(tokens.length).fill(-1)
  let chosen = 0
  for (const [index, token] of tokens.entries()) {
    if (specialIds.has(token) || random.uniform() >= probability || chosen >= maxTargets) continue
    chosen++
    targets[index] = token
    const kind = random.uniform()
    if (kind < MASKED_SHARE) ids[index] = maskId
    else if (kind < MASKED_SHARE + RANDOM_SHARE) ids[index] = random.below(vocabSize)
  }
  return { ids, targets }
}
