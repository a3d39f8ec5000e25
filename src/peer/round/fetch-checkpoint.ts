import type { CID } from 'multiformats/cid'
import type { RoundState, SignedContribution } from '../../rounds/state.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import { validateStored } from '../validate-stored.ts'
import { patienceOf } from './patience.ts'
import { addressesOf } from './sources.ts'

const MIN_FETCH_MS = 20_000
const MIN_STALL_MS = 10_000
/** What may be on its way at once from one peer, then from another: leaves, six of each. */
const STALL_BYTES = 16 * 1_048_576
/** Nodes above the leaves, and room for their links. */
const NODES_BYTES = 1_048_576

/**
 * One try, the so-manieth, to bring a checkpoint here and to check it against the round's base; of a late one also the weights that it
 * was trained from, which a member that joined later lacks. Resolves with null, or why it can't be an input.
 * @throws ColdmeshError when the bytes could not be had
 */
export function createCheckpointTry(context: PeerContext, state: RoundState, signal: AbortSignal) {
  const { store, log, network } = context
  const { bytes } = network.genesis
  const { round } = state.network.terms
  const dialled = new Set<string>()
  const msFor = (size: number) => Math.ceil((1000 * size) / round.minBytesPerSecond)

  /** Whoever lists it, then the addresses that its author states: each is dialled at most once a round. */
  function providersOf({ signed, author }: SignedContribution, listers: readonly Uint8Array[]): string[] {
    const stated = signed.message.providers.filter((address) => {
      const key = `${context.peerIdOf(author)} ${address}`
      if (dialled.has(key)) return false
      dialled.add(key)
      return true
    })
    return [...listers.flatMap((lister) => addressesOf(context, lister)), ...stated]
  }

  /** The file stays as long as the contribution may become an input. */
  async function fetchFile(
    file: CID,
    of: SignedContribution,
    from: { readonly listers: readonly Uint8Array[]; readonly providers: readonly string[]; readonly patience: number },
  ): Promise<void> {
    const { listers, providers, patience } = from
    await context.keeping.note(of.round, file)
    const timeoutMs = patience * Math.max(MIN_FETCH_MS, msFor(bytes))
    const which = `${file}, for contribution ${of.id}`
    const whom = [...listers, of.author].map(state.network.nameOf)
    const wait = { what: 'checkpoint', which, whom, until: context.clock.now() + timeoutMs, isRoutine: true }
    await context.waits.during(wait, () =>
      store.fetch(file, {
        shape: 'file',
        fileBytes: bytes,
        maxBytes: bytes + Math.ceil(bytes / 1000) + NODES_BYTES,
        providers,
        timeoutMs,
        stallMs: patience * Math.max(MIN_STALL_MS, msFor(STALL_BYTES)),
        signal,
      }),
    )
  }

  return async (
    contribution: SignedContribution,
    { listers, tries }: { readonly listers: readonly Uint8Array[]; readonly tries: number },
  ): Promise<string | null> => {
    const patience = patienceOf(tries)
    const providers = providersOf(contribution, listers)
    const sources = { listers, providers, patience }
    await fetchFile(contribution.checkpoint, contribution, sources)
    const from = rebasedFrom(state.head, contribution)
    if (from !== null) await fetchFile(from, contribution, sources)
    const validation = await validateStored(context, {
      base: state.head.weights,
      checkpoint: contribution.checkpoint,
      parent: from,
      signal,
    })
    if (validation.ok) return null
    const { reason, detail } = validation
    log.warn('contribution-refused', { id: contribution.id, reason, detail })
    return reason
  }
}
