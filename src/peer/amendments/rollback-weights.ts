import type { CID } from 'multiformats/cid'
import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import { type BringContext, bringWeights } from '../round/bring-weights.ts'
import { pause } from '../round/voice.ts'
import { isFileWhole } from '../store/is-whole.ts'

const FIRST_RETRY_MS = 2_000
const LAST_RETRY_MS = 60_000

/**
 * The weights that rollbacks which are open go back to: kept here while they are, and brought here where they are not. The round
 * hears of a ratified one only when its weights are here, so that one whose weights nobody has holds no round.
 */
export interface RollbackWeights {
  /** Which are open now; those of others are let go. Never throws. */
  mind(targets: readonly RollbackTarget[]): void
  isHere(weights: CID): boolean
  /** Resolves when they are here. @throws ColdmeshError `refused` when nobody gives them */
  require(target: RollbackTarget): Promise<void>
  /** Resolves when nothing is being brought. */
  stop(): Promise<void>
}

interface Minded {
  readonly pin: Disposable
  readonly over: AbortController
}

export type RollbackContext = BringContext & Pick<PeerContext, 'clock' | 'log' | 'waits' | 'signal'>

/** @param onHere weights came that were not here before */
export function createRollbackWeights(context: RollbackContext, onHere: () => void): RollbackWeights {
  const { network, keeping, clock, log, waits, store } = context
  const minded = new Map<string, Minded>()
  const here = new Set<string>()
  let working: Promise<void> = Promise.resolve()

  async function bring(target: RollbackTarget, signal: AbortSignal): Promise<void> {
    const name = String(target.weights)
    if (!here.has(name) && !(await isFileWhole(store, target.weights, network.genesis.bytes))) {
      await bringWeights(context, target.weights, { round: roundOf(target.base), signal })
    }
    here.add(name)
  }

  const roundOf = (base: CID) => context.chain.entries.find((entry) => equalCids(entry.base, base))?.round ?? 0

  async function keepTrying(target: RollbackTarget, over: AbortSignal): Promise<void> {
    const which = `weights of the base ${target.base}, to go back to`
    using wait = waits.begin({ what: 'rollback', which, isRoutine: true })
    for (let delayMs = FIRST_RETRY_MS; !over.aborted; delayMs = Math.min(2 * delayMs, LAST_RETRY_MS)) {
      try {
        await bring(target, over)
        onHere()
        return
      } catch (error) {
        if (over.aborted) return
        log.warn('rollback-weights-missing', { base: target.base, error: String(error) })
        wait.change({ next: clock.now() + delayMs, reason: String(error) })
        await pause({ clock, signal: over }, delayMs)
        wait.change({})
      }
    }
  }

  function begin(target: RollbackTarget): void {
    const over = new AbortController()
    minded.set(String(target.weights), { pin: keeping.pin(target.weights), over })
    const both = AbortSignal.any([over.signal, context.signal])
    const trying = keepTrying(target, both)
    working = working.then(() => trying)
  }

  function letGo(name: string, { pin, over }: Minded): void {
    over.abort()
    pin[Symbol.dispose]()
    minded.delete(name)
    here.delete(name)
  }

  return {
    mind: (targets) => {
      const names = new Set(targets.map(({ weights }) => String(weights)))
      for (const [name, one] of minded) if (!names.has(name)) letGo(name, one)
      for (const target of targets) if (!minded.has(String(target.weights))) begin(target)
    },
    isHere: (weights) => here.has(String(weights)),
    require: async (target) => {
      using _ = keeping.pin(target.weights)
      try {
        await bring(target, context.signal)
      } catch (cause) {
        throw new ColdmeshError(
          'refused',
          `The weights of the base ${target.base} are not here, and nobody gave them.`,
          {
            facts: { base: String(target.base), weights: String(target.weights) },
            hint: 'A member that kept them must be connected: `coldmesh status` lists who is. Or choose a later base.',
            cause,
          },
        )
      }
    },
    stop: async () => {
      for (const [name, one] of minded) letGo(name, one)
      await working
    },
  }
}
