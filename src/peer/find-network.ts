import type { CID } from 'multiformats/cid'
import { parseCid } from '../../protocols/wire/bytes.ts'
import { MAX_GENESIS_BYTES } from '../../protocols/wire/limits.ts'
import { ColdmeshError, isColdmeshError } from '../ports/errors.ts'
import type { Mesh } from '../ports/mesh.ts'
import type { Clock } from '../ports/system.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { Head } from '../rounds/state.ts'
import type { BaseFacts } from './builder.ts'
import type { Chain } from './chain.ts'
import { openGenesis } from './genesis.ts'
import { maxBaseBytes, readHead } from './heads.ts'
import type { RepairingStore } from './store/repairing-store.ts'
import type { OpenWait, Waits } from './waits.ts'

const FETCH_TIMEOUT_MS = 10_000
const MIN_FETCH_TIMEOUT_MS = 1_000
const RETRY_MS = 500

export interface StartOptions {
  readonly store: RepairingStore
  readonly mesh: Pick<Mesh, 'peers'>
  readonly clock: Clock
  readonly waits: Waits
  /** Where somebody of the network may be. */
  readonly providers: readonly string[]
  /** For each of the things to be found. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * The genesis and its base: from the store, else from whoever has them, within the deadline.
 * @throws ColdmeshError `unreachable`, `not-valid`, `unsupported`, `aborted`
 */
export async function findNetwork(id: CID, options: StartOptions): Promise<NetworkFacts> {
  const { store, clock, waits, providers, signal } = options
  const until = clock.now() + options.timeoutMs
  const limits = { providers, ...(signal === undefined ? {} : { signal }) }
  const wait = { whom: providers, until }
  await waits.during({ ...wait, what: 'genesis', which: String(id) }, (open) =>
    retryUntil(id, open, options, until, () => {
      const timeoutMs = Math.max(MIN_FETCH_TIMEOUT_MS, Math.min(FETCH_TIMEOUT_MS, until - clock.now()))
      return store.fetch(id, { shape: 'block', maxBytes: MAX_GENESIS_BYTES, ...limits, timeoutMs })
    }),
  )
  const found = openGenesis(id, await store.get(id))
  const { base } = found.genesis
  await waits.during({ ...wait, what: 'base', which: `of round 0, ${base}` }, (open) =>
    retryUntil(id, open, options, until, () => {
      const timeoutMs = Math.max(FETCH_TIMEOUT_MS, until - clock.now())
      return store.fetch(base, { shape: 'directory', maxBytes: maxBaseBytes(found), ...limits, timeoutMs })
    }),
  )
  return found
}

/**
 * The head's record, from the store; damaged blocks of it from whoever has them, within the deadline.
 * @throws ColdmeshError `block-missing`, `block-corrupt`
 */
export async function findHead(
  network: NetworkFacts,
  facts: BaseFacts,
  chain: Chain,
  options: StartOptions,
): Promise<Head> {
  const { store, clock, signal } = options
  const until = clock.now() + options.timeoutMs
  using wait = options.waits.begin({ what: 'head', which: `round ${chain.entries.length}`, until, isRoutine: true })
  for (;;) {
    try {
      return await readHead(network, facts, store, chain)
    } catch (error) {
      if (!isColdmeshError(error, 'block-missing') && !isColdmeshError(error, 'block-corrupt')) throw error
      if (clock.now() >= until || signal?.aborted === true) throw error
      const cid = parseCid(String(error.facts['cid']))
      wait.change({ next: clock.now() + RETRY_MS, reason: error.message })
      await aMoment(clock)
      wait.change({})
      if (cid !== null) await store.repair(cid).catch(() => {})
    }
  }
}

async function retryUntil(
  id: CID,
  wait: OpenWait,
  { clock, mesh }: StartOptions,
  until: number,
  attempt: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      const isUnavailable = isColdmeshError(error) && ['block-missing', 'deadline', 'unreachable'].includes(error.code)
      if (!isUnavailable) throw error
      wait.change({ next: clock.now() + RETRY_MS, reason: error.message })
      if (clock.now() + RETRY_MS < until) {
        await aMoment(clock)
        wait.change({})
        continue
      }
      const peers = mesh.peers().length
      throw new ColdmeshError('unreachable', `Nobody gave the genesis ${id} in time (${peers} peers connected).`, {
        cause: error,
        hint: 'Check that a member of the network is running and that its address in the invite can be reached; ask for a fresh invite.',
      })
    }
  }
}

function aMoment(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(RETRY_MS, resolve)
  })
}
