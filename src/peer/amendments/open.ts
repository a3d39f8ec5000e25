import type { Signer } from '../../ports/system.ts'
import type { PeerContext } from '../context.ts'
import { paths } from '../data-dir.ts'
import { openDispensable } from '../dispensable-file.ts'
import type { RoundLoop } from '../round/loop.ts'
import { type Amendments, createAmendments } from './amendments.ts'
import { createRollbackWeights } from './rollback-weights.ts'

/** The amendments that a data directory holds, handed to the round as they are ratified. @throws ColdmeshError `refused` (disk) */
export async function openAmendments(options: {
  readonly context: PeerContext
  readonly signer: Signer
  readonly loop: RoundLoop
}): Promise<Amendments & { close(): Promise<void> }> {
  const { context, signer, loop } = options
  const { network, chain, gossip, sync, events, signal } = context
  const log = context.log.child('amendments')
  const journal = await openDispensable(paths.amendments(context.dataDir), 'amendments', log)
  const weights = createRollbackWeights(context, () => amendments.handOver())
  const amendments = createAmendments({
    weights,
    network: network.id,
    head: () => loop.state.head,
    chain,
    journal,
    signer,
    gossip,
    sync,
    onRatified: loop.ratify,
    note: loop.inbox.note,
    events,
    log,
    signal,
  })
  return Object.assign(amendments, { close: () => journal.close() })
}
