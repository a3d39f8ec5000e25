import type { GossipSub, GossipsubOpts } from '@libp2p/gossipsub'
import { DEFAULT_PEERS_PER_ADDRESS } from './limits.ts'

type ScoreParams = NonNullable<GossipsubOpts['scoreParams']>
type TopicScores = NonNullable<ScoreParams['topics']>
type Thresholds = NonNullable<GossipsubOpts['scoreThresholds']>

/**
 * The weights and the thresholds are one table. A rejected message costs 20 × (their recent number)²:
 *
 * | recent rejects | score | effect |
 * |---|---|---|
 * | 1 | -20 | out of the mesh (any score below 0), may come back |
 * | 3 | -180 | no IHAVE or IWANT with it |
 * | 5 | -500 | our own messages no longer go to it |
 * | 8 | -1,280 | all it sends is dropped unread |
 *
 * Rejects are forgotten with a half-life of ten minutes. A message we IGNORE costs nothing.
 */
export const REJECT_WEIGHT = -20
const HALF_LIFE_SECONDS = 600

export const SCORE_THRESHOLDS: Thresholds = {
  gossipThreshold: -100,
  publishThreshold: -400,
  graylistThreshold: -1000,
  acceptPXThreshold: 100,
  opportunisticGraftThreshold: 2,
}

const LOOPBACK = ['127.0.0.1', '::1']

export interface ScoringOptions {
  readonly topics: readonly string[]
  /** Peers of one address that cost nothing; each more costs, squared. Loopback never costs. */
  readonly peersPerAddress?: number
  readonly isLoopbackExempt?: boolean
}

/** Scores for topics that carry few messages: silence is normal and never punished, only what is provably wrong. */
export function scoreParams(options: ScoringOptions): Partial<ScoreParams> {
  const { topics, peersPerAddress = DEFAULT_PEERS_PER_ADDRESS, isLoopbackExempt = true } = options
  return {
    topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC_SCORES])),
    topicScoreCap: 40,
    appSpecificWeight: 0,
    IPColocationFactorWeight: -10,
    IPColocationFactorThreshold: peersPerAddress,
    IPColocationFactorWhitelist: new Set(isLoopbackExempt ? LOOPBACK : []),
    // Broken IWANT promises and early GRAFTs: a few happen to honest peers on bad lines.
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.95,
    decayInterval: 1000,
    decayToZero: 0.01,
    retainScore: 60 * 60 * 1000,
  }
}

const TOPIC_SCORES: TopicScores[string] = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 600,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: 0.98,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: REJECT_WEIGHT,
  invalidMessageDeliveriesDecay: 0.5 ** (1 / HALF_LIFE_SECONDS),
}

/** What the gossip of this peer earned; 0 for one that is not known. The library has it, and leaves it out of its types. */
export function scoreOf(gossipsub: GossipSub, peer: string): number {
  const getScore: unknown = Reflect.get(gossipsub, 'getScore')
  if (typeof getScore !== 'function') throw new TypeError('gossipsub has no getScore: check its new version')
  return Number(Reflect.apply(getScore, gossipsub, [peer]))
}
