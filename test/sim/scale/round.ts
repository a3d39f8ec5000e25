import { faultsOf } from '../../../protocols/wire/election.ts'
import { genesisHead } from '../../../src/rounds/head.ts'
import { networkFacts } from '../../../src/rounds/network.ts'
import { createRound } from '../../../src/rounds/reduce.ts'
import { stepTimeoutMs } from '../../../src/rounds/timeouts.ts'
import { testCid, testNetwork } from '../../support/protocols/network.ts'
import { type Collected, collect, PARALLEL } from './collect.ts'
import * as given from './constants.ts'
import { type MessageSizes, messageSizes } from './messages.ts'
import { type PartOrder, type Swarmed, swarm } from './swarm.ts'

/** How a committee comes by a base. */
export interface Design {
  readonly name: string
  /** Checkpoints that members fetch when more are offered. */
  readonly fetched: number
  readonly exchange: boolean
  readonly order: PartOrder
  /** Ranges of leaves that members fuse apart. */
  groups(members: number): number
  readonly checkedShare: number
}

const whole = { exchange: true, order: 'own', fetched: given.MAX_INPUTS, checkedShare: 0, groups: () => 1 } as const

export const TODAY: Design = {
  ...whole,
  name: 'today',
  fetched: 2 * given.MAX_INPUTS,
  exchange: false,
  order: 'file',
}
/** Same protocol, other order of fetching. */
export const EXCHANGE: Design = { ...whole, name: 'exchange' }
/** Groups of at least f + 1: each has an honest member. */
export const HALVES: Design = {
  ...whole,
  name: 'halves',
  groups: (members) => Math.floor(members / (faultsOf(members, 'byzantine') + 1)),
}
/** Groups of eight, and a share of the other groups' leaves recomputed by everybody. */
export const EIGHTS: Design = {
  ...whole,
  name: 'eights',
  groups: (members) => Math.max(1, Math.floor(members / 8)),
  checkedShare: 0.05,
}

export const DESIGNS = [TODAY, EXCHANGE, HALVES, EIGHTS] as const

export interface Cell {
  readonly contributors: number
  readonly members: number
  /** Of one checkpoint. */
  readonly bytes: number
  readonly bitsPerSecond: number
}

export interface Outcome {
  readonly seconds: {
    readonly announce: number
    readonly collect: number
    readonly propose: number
    readonly vote: number
    readonly spread: number
    readonly round: number
  }
  readonly collected: Collected
  readonly swarmed: Swarmed
  readonly sizes: MessageSizes
  /** Gossip and lineage bytes that a follower and a member send. */
  readonly talk: { readonly follower: number; readonly member: number }
  /** Inputs that all members hold when a collect window of an hour ends. */
  readonly inputsInAnHour: number
  readonly stepTimeoutSeconds: number
  /** What a member gets of one author while all fetch the same few, bytes a second. */
  readonly rateOfAFetch: number
  /** Whether a fetch that slow comes through with the default `minBytesPerSecond`. */
  readonly isFastEnough: boolean
}

export function simulate(cell: Cell, design: Design): Outcome {
  const { contributors, members, bytes, bitsPerSecond } = cell
  const link = bitsPerSecond / 8
  const speed = Math.min(link, given.PATH_BYTES_PER_SECOND)
  const unit = bytes / speed
  const fetched = Math.min(contributors, design.fetched)
  const inputs = Math.min(contributors, given.MAX_INPUTS)
  const groups = design.groups(members)
  const patience = Math.max(1, Math.floor((speed * given.BLOCK_DEADLINE_SECONDS) / given.BLOCKS_IN_FLIGHT_BYTES))
  const { checkedShare, exchange, order } = design
  const collected = collectOnce({ members, checkpoints: fetched, groups, checkedShare, exchange, patience })
  const swarmed = swarmOnce({ holders: Math.floor(members / groups), peers: contributors, order })
  const sizes = sizesOnce({ members, listed: fetched, inputs })

  const part = 1 / groups + checkedShare * (1 - 1 / groups)
  const fuse =
    ((inputs + 1) * bytes * part) / given.FUSE_BYTES_PER_SECOND + (bytes * part) / given.STORE_BYTES_PER_SECOND
  const validate = (bytes * part) / given.VALIDATE_BYTES_PER_SECOND
  const gossip = gossipSeconds(members + contributors)
  const announce = announceSeconds(contributors, link, sizes) + gossip
  const transfer = Math.max(collected.time * unit, fetched * validate)
  const talk = talkOf(cell, sizes)
  const seconds = {
    announce,
    collect: transfer + validate,
    propose: 2 * gossip + (members * sizes.lineage) / link + 2 * fuse,
    vote: 2 * gossip,
    spread: swarmed.time * unit,
  }
  // Each member has four fetches: of the same four authors, or of as many as there are.
  const rateOfAFetch = (speed / PARALLEL) * Math.min(1, (exchange ? fetched : Math.min(PARALLEL, fetched)) / members)
  return {
    seconds: { ...seconds, round: Object.values(seconds).reduce((sum, one) => sum + one, 0) },
    collected,
    swarmed,
    sizes,
    talk,
    inputsInAnHour: Math.min(
      inputs,
      collected.heldAt.filter((at) => at * unit + validate <= given.COLLECT_SECONDS).length,
    ),
    stepTimeoutSeconds: stepTimeout(bytes),
    rateOfAFetch,
    isFastEnough: given.BLOCKS_IN_FLIGHT_BYTES / rateOfAFetch <= given.STALL_BYTES / given.MIN_BYTES_PER_SECOND,
  }
}

/** Hops of a random graph where each peer sends on to all but who it came from. */
function gossipSeconds(peers: number): number {
  return Math.ceil(Math.log(Math.max(2, peers)) / Math.log(given.GOSSIP_DEGREE - 1)) * given.LATENCY_SECONDS
}

/** Everybody announces at once: neighbours' rate limits hold back what exceeds a burst. */
function announceSeconds(contributors: number, link: number, { contribution }: MessageSizes): number {
  const limited = Math.max(0, contributors / given.GOSSIP_DEGREE - given.MESSAGE_BURST) / given.MESSAGES_PER_SECOND
  return limited + (contributors * contribution * (given.GOSSIP_DEGREE - 1)) / link
}

/** Each message is sent on once to each neighbour but one. A member lists once, votes twice; one proposes. */
function talkOf({ contributors, members }: Cell, sizes: MessageSizes): Outcome['talk'] {
  const all = contributors * sizes.contribution + members * (sizes.list + 2 * sizes.vote) + sizes.proposal
  const follower = all * (given.GOSSIP_DEGREE - 1)
  // The lineage goes from the aggregator to each member: spread over the members, one each.
  return { follower, member: follower + sizes.lineage }
}

/** The machine's own rule, for view 0. */
function stepTimeout(bytes: number): number {
  const net = testNetwork({
    bytes,
    round: {
      maxContributions: given.MAX_INPUTS,
      viewTimeoutMs: given.VIEW_TIMEOUT_MS,
      minBytesPerSecond: given.MIN_BYTES_PER_SECOND,
    },
  })
  const head = genesisHead(networkFacts(net.network, net.genesis), testCid('genesis weights', 'file'))
  return stepTimeoutMs(createRound({ head, self: null, now: 0 }), 0) / 1000
}

/** Runs that differ in size or link only are one run: all times scale alike. */
function memoize<O extends object, R>(run: (options: O) => R): (options: O) => R {
  const results = new Map<string, R>()
  return (options) => {
    const name = JSON.stringify(options)
    const known = results.get(name)
    if (known !== undefined) return known
    const result = run(options)
    results.set(name, result)
    return result
  }
}

const collectOnce = memoize(collect)
const swarmOnce = memoize(swarm)
const sizesOnce = memoize(messageSizes)
