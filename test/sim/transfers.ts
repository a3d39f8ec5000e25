import type { CID } from 'multiformats/cid'
import { UNAVAILABLE } from '../../src/rounds/collect.ts'
import type { RoundEvent } from '../../src/rounds/events.ts'
import type { Host, Untimed } from './host.ts'
import { withholds } from './liars/liar.ts'
import type { World } from './world.ts'

const RETRY_MS = 1000

/** How one host gets bytes and contributions from others. */
export interface Transfers {
  checkpoint(id: CID, from: Uint8Array | null): void
  contributions(ids: readonly CID[], from: Uint8Array): void
  lineage(cid: CID, from: Uint8Array): void
  /** Another round begins. */
  forget(): void
}

export function createTransfers(options: {
  readonly world: World
  readonly host: Host
  /** Later, unless the host died or moved on meanwhile. */
  readonly later: (delayMs: number, action: () => void) => void
  readonly dispatch: (event: Untimed<RoundEvent>) => void
}): Transfers {
  const { world, host, later, dispatch } = options
  const { disk } = host
  /** A question, and its answer when the other is quick. */
  const askMs = (other: Host | null) =>
    other === null ? 1 : world.wires.latency(host.index, other.index) + other.pace.answerMs
  let sources = new Map<string, readonly Uint8Array[]>()

  const has = (other: Host | null, isThere: (other: Host) => boolean) =>
    other !== null && !withholds(other.liar, host.index) && world.canReach(host, other) && isThere(other)

  function tryCheckpoint(id: CID, isRepeated: boolean): void {
    const text = String(id)
    const offered = world.contributions.get(text)
    const listers = (sources.get(text) ?? []).map((key) => world.hostOf(key))
    const isHere =
      disk.checkpoints.has(text) ||
      listers.some((lister) => has(lister, (other) => other.disk.checkpoints.has(text))) ||
      offered?.servedTo(host.index) === true
    const reason = isHere ? (offered?.defect ?? null) : UNAVAILABLE
    if (reason === null) disk.checkpoints.add(text)
    dispatch({ type: 'checkpoint', id, reason })
    if (!isHere && isRepeated) later(RETRY_MS, () => tryCheckpoint(id, true))
  }

  return {
    // Tries until the round is over, at the author and at everybody whom the machine named.
    checkpoint: (id, from) => {
      const text = String(id)
      const isFirst = !sources.has(text)
      sources.set(text, [...(sources.get(text) ?? []), ...(from ? [from] : [])])
      later(disk.checkpoints.has(text) ? 1 : world.random.integer(5, 60), () => tryCheckpoint(id, isFirst))
    },
    contributions: (ids, from) => {
      const other = world.hostOf(from)
      later(askMs(other), () => {
        if (!other || !has(other, () => true)) return
        for (const id of ids) {
          const entry = other.state.contributions.get(String(id))
          if (entry) world.send(other, host, entry.contribution.signed)
        }
      })
    },
    lineage: (cid, from) => {
      const other = world.hostOf(from)
      later(askMs(other), () => {
        const text = String(cid)
        const theirs = has(other, () => true) ? other?.disk.lineages.get(text) : undefined
        const bytes = disk.lineages.get(text) ?? theirs ?? null
        if (bytes) disk.lineages.set(text, bytes)
        dispatch({ type: 'lineage', cid, bytes })
      })
    },
    forget: () => {
      sources = new Map()
    },
  }
}
