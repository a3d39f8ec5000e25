import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { RoundEffect, RoundEvent } from '../../rounds/events.ts'
import { buildBase } from '../builder.ts'
import type { PeerContext } from '../context.ts'
import { byFilesOf } from '../fuse-stored.ts'
import { isFileWhole } from '../store/is-whole.ts'
import { isOwnTrouble } from '../troubles.ts'
import { bringWeights } from './bring-weights.ts'

const BUILD_RETRY_MS = 1_000

type BuildEffect = Extract<RoundEffect, { type: 'build' }>
type Built = Extract<RoundEvent, { type: 'built' | 'build-failed' }>

/** Fuses and assembles bases, one after the other. */
export interface Builds {
  build(effect: BuildEffect): void
  /** Resolves when nothing is being stored any more. */
  settled(): Promise<void>
}

/** @param options.round the round being run, and a signal that aborts when it is over */
export function createBuilds(options: {
  readonly context: PeerContext
  readonly round: () => { readonly round: number; readonly over: AbortSignal }
  readonly done: (event: Built) => void
}): Builds {
  const { context, done } = options
  const { clock, keeping, log, troubles, waits } = context
  let builds: Promise<void> = Promise.resolve()

  async function run(effect: BuildEffect): Promise<void> {
    const { round, over } = options.round()
    if (effect.spec.round !== round || over.aborted) return
    try {
      const { parent, inputs, rollback } = effect.spec
      const which = `of ${inputs.length} inputs, round ${round}`
      using _inputs = keeping.pin(parent.weights, ...inputs.map(({ checkpoint }) => checkpoint))
      // Nobody may vote for weights that can't be had: the network could not go on from them.
      using _target = keeping.pin(...(rollback === null ? [] : [rollback.weights]))
      if (rollback !== null) await requireWeights(rollback, AbortSignal.any([over, context.signal]))
      using _result = keeping.pinStored()
      const { base, lineage, weights } = await waits.during({ what: 'fusion', which, isRoutine: true }, () =>
        buildBase(effect.spec, { ...context, byFiles: byFilesOf(context) }),
      )
      await keeping.note(round, weights)
      troubles.over('fusion')
      done({ type: 'built', key: effect.key, base, lineage, now: clock.now() })
    } catch (error) {
      log.error('build-failed', { error: String(error) })
      if (isOwnTrouble(error)) {
        // The inputs may be right: no verdict on them before this machine works again.
        troubles.report('fusion', error)
        over.addEventListener(
          'abort',
          clock.after(BUILD_RETRY_MS, () => build(effect)),
          { once: true },
        )
        return
      }
      const reason = isColdmeshError(error) ? error.code : 'build-failed'
      done({ type: 'build-failed', key: effect.key, reason, now: clock.now() })
    }
  }

  async function requireWeights({ base, weights }: RollbackTarget, signal: AbortSignal): Promise<void> {
    if (await isFileWhole(context.store, weights, context.network.genesis.bytes)) return
    const round = context.chain.entries.find((entry) => equalCids(entry.base, base))?.round ?? 0
    await bringWeights(context, weights, { round, signal })
  }

  function build(effect: BuildEffect): void {
    builds = builds.then(() => run(effect))
  }

  return { build, settled: () => builds }
}
