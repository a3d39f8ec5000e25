import { openBase } from '../../../src/checkpoint/base.ts'
import type { AttestedBase } from '../../../src/peer/attest/attested-base.ts'
import { readAttestedHistory } from '../../../src/peer/attest/attested-history.ts'
import { digestFiles } from '../../../src/peer/attest/file-digests.ts'
import { baseStatement, type VerificationJson } from '../../../src/peer/attest/statement.ts'
import { readOnlyStore } from '../../../src/peer/history/read-only-store.ts'
import type { SignedReport } from '../../../src/peer/reports/book.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { ratifiedBy } from '../protocols/amendments.ts'
import { testKey } from '../protocols/network.ts'

const LICENCES: Readonly<Record<number, string>> = {
  1: 'CC-BY-SA-4.0',
  2: 'cc-by-nc-sa-4.0',
  3: 'see the readme',
  7: 'MIT OR GPL-2.0-only',
  8: 'CC-BY-SA-4.0',
}

/**
 * Three rounds of small weights: one with contributions left out and a change of the committee, an empty one, and one by the new
 * committee.
 */
export async function licensedChain(fields: Parameters<typeof startChain>[1] = {}): Promise<TestChain> {
  const start = await startChain('licensed', fields, SMALL_LAYOUT)
  const datasetOf = (seed: number) => {
    const license = LICENCES[seed]
    return { name: `rows ${seed}`, task: `task ${seed}`, ...(license === undefined ? {} : { license }) }
  }
  const key = testKey('newcomer').publicKey
  const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, { add: [{ name: 'newcomer', key }] })
  let chain = await addRound(start, { isCrowded: true, datasetOf, amendment })
  chain = await addRound(chain, { seeds: [], datasetOf })
  // from here on a quorum of five decides: four votes
  return await addRound(chain, { seeds: [7, 8], datasetOf })
}

/** A base of the chain; by default its newest, 0: where the network started. */
export function attestedOf(
  { network, store, entries }: TestChain,
  round = entries.length,
  reports: readonly SignedReport[] = [],
): AttestedBase {
  const entry = entries[round - 1]
  const base = entry?.base ?? network.genesis.base
  return { network, store: readOnlyStore(store), base, certificate: entry?.certificate ?? null, reports }
}

/** The statement about a base, made as `attest` does. */
export async function statementOf(attested: AttestedBase, verification: VerificationJson | null = null) {
  const history = await readAttestedHistory(attested, { keepsRounds: true })
  const files = await digestFiles(attested)
  const { weights } = await openBase(attested.base, attested.store.get)
  return { history, files, statement: baseStatement({ attested, history, files, weights: weights.cid, verification }) }
}
