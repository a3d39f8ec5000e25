import type { CID } from 'multiformats/cid'
import type { RoundState, SignedContribution } from '../../rounds/state.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import { fetchByDelta } from '../deltas/fetch.ts'
import { maxWeightsBytes } from '../heads.ts'
import { validateStored } from '../validate-stored.ts'
import { patienceOf } from './patience.ts'
import { addressesOf } from './sources.ts'

const MIN_FETCH_MS = 20_000
const MIN_STALL_MS = 10_000
/** What may be on its way at once from one peer, then from another: leaves, six of each. */
const STALL_BYTES = 16 * 1_048_576

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
  /** Whose deltas did not hold. */
  const refused = new Set<string>()
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
    from: {
      readonly listers: readonly Uint8Array[]
      readonly providers: readonly string[]
      readonly patience: number
      /** Weights that are here, and that it may be had as a difference from. */
      readonly base: CID | null
    },
  ): Promise<void> {
    const { listers, providers, patience, base } = from
    await context.keeping.note(of.round, file)
    const timeoutMs = patience * Math.max(MIN_FETCH_MS, msFor(bytes))
    const which = `${file}, for contribution ${of.id}`
    const whom = [...listers, of.author].map(state.network.nameOf)
    const wait = { what: 'checkpoint', which, whom, until: context.clock.now() + timeoutMs, isRoutine: true }
    const stallMs = patience * Math.max(MIN_STALL_MS, msFor(STALL_BYTES))
    // Its author has it on the disk: what a crash takes from us is fetched again.
    const how = { providers, timeoutMs, stallMs, signal, durable: 'soon' } as const
    const peers = [of.author, ...listers].map(context.peerIdOf)
    const maxBytes = maxWeightsBytes(bytes)
    await context.waits.during(wait, async () => {
      const { round } = of
      if (base !== null) await fetchByDelta(context, { round, checkpoint: file, bytes, base, peers, how }, refused)
      await store.fetch(file, { ...how, shape: 'file', fileBytes: bytes, maxBytes })
    })
  }

  return async (
    contribution: SignedContribution,
    { listers, tries }: { readonly listers: readonly Uint8Array[]; readonly tries: number },
  ): Promise<string | null> => {
    const patience = patienceOf(tries)
    const providers = providersOf(contribution, listers)
    const sources = { listers, providers, patience, base: null }
    const from = rebasedFrom(state.head, contribution)
    const trainedFrom = from ?? state.head.weights
    const isHere = from === null || (await store.has(from))
    await fetchFile(contribution.checkpoint, contribution, { ...sources, base: isHere ? trainedFrom : null })
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
