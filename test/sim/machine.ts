import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../protocols/contribution/messages.ts'
import { openLineage } from '../../protocols/lineage/rules.ts'
import { openCertificate } from '../../protocols/round/certificate.ts'
import { inclusionList, precommit, prevote, proposal } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { openEnvelope, type Signed } from '../../protocols/wire/envelope.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'
import type { NetworkFacts } from '../../src/rounds/network.ts'
import { createRound, reduce } from '../../src/rounds/reduce.ts'
import type { BuildSpec } from '../../src/rounds/state.ts'
import { judge } from '../../src/rounds/views.ts'
import { buildFake, type FakeBase } from '../support/rounds/fusion.ts'

/** What an honest member runs: the daemon's own code, and the order in which a daemon does things. Mutants change one. */
export interface Machine {
  readonly createRound: typeof createRound
  readonly reduce: typeof reduce
  readonly judge: typeof judge
  readonly openLineage: typeof openLineage
  readonly openCertificate: typeof openCertificate
  /** Opens what arrives as bytes. */
  open(envelope: Uint8Array, network: CID): Signed<Contribution | RoundMessage> | Verdict
  build(network: NetworkFacts, spec: BuildSpec): FakeBase
  /** What it takes the network's numbers for. */
  facts(facts: NetworkFacts): NetworkFacts
  readonly habits: Habits
}

/** The part of it that runs a round. */
export type Core = Pick<Machine, 'createRound' | 'reduce'>

/** Orders of doing things. */
export interface Habits {
  readonly journalsBeforeSaying: boolean
  readonly syncsBeforeSaying: boolean
  /** What a process that was killed wrote is made durable before it is read and repeated. */
  readonly syncsAtStart: boolean
  readonly keepsChain: boolean
  readonly keepsLineages: boolean
  readonly reportsEvidence: boolean
}

const DECLARATIONS = [contribution, inclusionList, proposal, prevote, precommit] as const

export const REAL: Machine = {
  createRound,
  reduce,
  judge,
  openLineage,
  openCertificate,
  open: (envelope, network) => openEnvelope<Contribution | RoundMessage>(envelope, DECLARATIONS, network),
  build: buildFake,
  facts: (facts) => facts,
  habits: {
    journalsBeforeSaying: true,
    syncsBeforeSaying: true,
    syncsAtStart: true,
    keepsChain: true,
    keepsLineages: true,
    reportsEvidence: true,
  },
}
