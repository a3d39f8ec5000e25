import type { CID } from 'multiformats/cid'
import { type Change, ratifiedBy } from '../protocols/amendments.ts'
import type { TestKey } from '../protocols/network.ts'
import { addRound, startChain, type TestChain, type TestRoundOptions } from './build-chain.ts'
import { checkpointBytes, importBytes, SMALL_LAYOUT } from './checkpoints.ts'

/** Histories that go back: what their quorums ratify. */

type Fields = NonNullable<Parameters<typeof startChain>[1]>

/** Rounds 1 and 2 with inputs 1, 2 and 3, 4; round 3 empty; late contributions are taken. */
export async function threeToRevert(fields: Fields = {}, layout = SMALL_LAYOUT): Promise<TestChain> {
  const late = { minContributions: 2, maxContributions: 8, maxStaleness: 2, historyRounds: 8, keepRounds: 8 }
  const start = await startChain('rollbacks', { ...fields, round: { ...late, ...fields.round } }, layout)
  return await addRounds(start, [{ seeds: [1, 2] }, { seeds: [3, 4] }, { seeds: [] }])
}

export async function addRounds(chain: TestChain, rounds: readonly TestRoundOptions[]): Promise<TestChain> {
  let made = chain
  for (const options of rounds) made = await addRound(made, options)
  return made
}

export function baseOf({ net, entries }: TestChain, round: number): CID {
  if (round === 0) return net.genesis.base
  const entry = entries[round - 1]
  if (entry === undefined) throw new Error(`the chain has no round ${round}`)
  return entry.base
}

/** A change that a quorum of the round's committee ratifies, after whatever was embedded last. */
export function ratifiedNext(chain: TestChain, change: Change, by?: readonly TestKey[]): Uint8Array {
  const { isMember, quorum } = chain.head.regime.current
  const members = chain.net.members.filter(({ publicKey }) => isMember(publicKey)).slice(0, quorum)
  return ratifiedBy(by ?? members, chain.net, change, chain.head.regime.last)
}

/** A ratified rollback to the base of a round. */
export const backTo = (chain: TestChain, round: number, by?: readonly TestKey[]): Uint8Array =>
  ratifiedNext(chain, { rollback: { base: baseOf(chain, round) } }, by)

/** The chain with a round more, which goes back to the base of an earlier one. */
export async function rollBack(chain: TestChain, round: number, options: TestRoundOptions = {}): Promise<TestChain> {
  return await addRound(chain, { ...options, amendment: backTo(chain, round) })
}

/** The checkpoint that this seed gives, which is in the chain's store then. */
export const checkpointOf = async ({ store, facts }: TestChain, seed: number): Promise<CID> =>
  await importBytes(checkpointBytes(seed, facts.layout), store)
