import type { TrainingPlan } from 'coldmesh'

/** What the demo runs with. Everything that a reader of its table needs to judge the numbers is here. */

export const PEER_NAMES = [
  'alpha',
  'beta',
  'gamma',
  'delta',
  'epsilon',
  'zeta',
  'eta',
  'theta',
  'iota',
  'kappa',
  'lambda',
  'mu',
  'nu',
  'xi',
  'omicron',
  'pi',
] as const

export const DEFAULT_ROUNDS = 3
export const MIN_CONTRIBUTIONS = 3
export const UNSEEN_TASKS = 2
export const SEED = 1

/** For what is said at the start: measured with four peers on two cores. */
export const EXPECTED = { startSeconds: 15, roundSeconds: 35, judgeSeconds: 90, cores: 2 }

export const POLICY = { collectMs: 2_000, graceMs: 5_000, viewTimeoutMs: 10_000 }

/** A round that takes longer than this has failed. */
export const MAX_ROUND_MS = 240_000
export const MAX_START_MS = 90_000

/** How each peer trains in a round. */
export const ROUND_PLAN = { learningRate: 5e-4, steps: 40, batch: 32, maxTokens: 32 } as const

/** The same budget for the pretrained and the final base. */
export const JUDGE_ROWS = { train: 600, test: 600 }
export const FROZEN_PLAN: Partial<TrainingPlan> = { mode: 'frozen', steps: 150, batch: 32, maxTokens: 32, seed: SEED }
export const FULL_PLAN: Partial<TrainingPlan> = { mode: 'full', steps: 40, batch: 32, maxTokens: 32, seed: SEED }
