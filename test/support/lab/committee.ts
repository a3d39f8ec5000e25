import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import { decideRound, type RoundDecision } from '../../../src/lab/committee.ts'
import type { Signer } from '../../../src/ports/system.ts'
import type { TestChain } from '../history/build-chain.ts'
import { checkpointBytes, importBytes } from '../history/checkpoints.ts'
import { contributionBy } from '../protocols/messages.ts'
import { type TestKey, testKey } from '../protocols/network.ts'

/** Contributions to the chain's next round, each of a checkpoint of its own. */
export async function contributionsTo(chain: TestChain, seeds: readonly number[]): Promise<Signed<Contribution>[]> {
  const checkpoints = await Promise.all(seeds.map((seed) => importBytes(checkpointBytes(seed), chain.store)))
  const { base: parent, round } = chain.head
  return checkpoints.map((checkpoint, index) =>
    contributionBy(testKey(`contributor ${seeds[index]}`), chain.net, { round: round + 1, parent, checkpoint }),
  )
}

export function decide(chain: TestChain, contributions: readonly Signed<Contribution>[]): Promise<RoundDecision> {
  const { network, facts, store, head, net } = chain
  return decideRound({ network, facts, store, head, contributions, signers: net.members.map(signerOf) })
}

const signerOf = ({ seed }: TestKey): Signer => createSigner(seed)
