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

/** For what is said at the start: four peers on two cores that do nothing else, and how much slower a busy machine may be. */
export const EXPECTED = { startSeconds: 10, roundSeconds: 18, judgeSeconds: 40, cores: 2, peers: 4, busy: 2.5 }

export const POLICY = { collectMs: 2_000, graceMs: 5_000, viewTimeoutMs: 10_000 }

/** A round that takes longer than this has failed. */
export const MAX_ROUND_MS = 240_000
export const MAX_START_MS = 90_000

const COMMON = { batch: 32, maxTokens: 32, evaluateEvery: 0 } as const

/** How each peer trains in a round; its seed differs. */
export const ROUND_PLAN = { ...COMMON, learningRate: 5e-4, headRate: 5, steps: 100 } as const

/** The same rows and budget for the pretrained and the final base: the library's plans, with the length that WordNet's texts need. */
export const JUDGE_ROWS = { train: 2000, test: 900 }
export const JUDGE_PLANS = { frozen: { maxTokens: 32 }, full: { maxTokens: 32, steps: 100 } } as const
