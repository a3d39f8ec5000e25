import type { CID } from 'multiformats/cid'
import type { Dataset } from '../../ports/dataset.ts'
import type { Metric, Trainer } from '../../ports/trainer.ts'
import type { RoundEffect, RoundEvent } from '../../rounds/events.ts'
import type { BuildSpec, SignedContribution } from '../../rounds/state.ts'
import { scoringOf } from '../../training/scores.ts'
import type { PeerContext } from '../context.ts'
import type { GateJudgement } from '../gate-types.ts'
import { checkGateData, createProbe, type Probe } from './probe.ts'

const BILLION = 1_000_000_000
const MAX_JUDGEMENTS = 16
/** A verdict that comes after all views is of no use. */
const MIN_LIMIT_MS = 30_000

/** What this member's own data say of proposed bases: advice to its own vote, kept out of everything agreed. */
export interface Gate {
  readonly data: string
  readonly rows: number
  readonly judgements: readonly GateJudgement[]
  /**
   * Tells once why the base is refused, or null; also when it can't be said: then the bytes alone decide the vote. What is
   * refused has inputs to blame: told one by one afterwards.
   */
  judge(
    base: CID,
    spec: BuildSpec,
    tell: { readonly judged: (reason: string | null) => void; readonly blamed: (id: CID) => void },
  ): void
  stop(): Promise<void>
}

type GateContext = Pick<
  PeerContext,
  'network' | 'facts' | 'store' | 'keeping' | 'log' | 'events' | 'troubles' | 'clock' | 'signal'
>

/** @throws ColdmeshError `bad-dataset` */
export function createGate(options: {
  readonly context: GateContext
  readonly data: Dataset
  /** How models are measured, until the signal aborts. Absent: by a trainer of our own, in a worker thread of its own. */
  readonly probe?: (signal: AbortSignal) => Probe
}): Gate {
  const { context, data } = options
  const { log, events, troubles, clock } = context
  checkGateData(data)
  const { metric } = scoringOf(data, { metric: null, positive: null })
  const judgements: GateJudgement[] = []
  let own: Promise<Trainer> | null = null
  let queue: Promise<void> = Promise.resolve()

  async function openProbe(signal: AbortSignal): Promise<Probe> {
    if (options.probe) return options.probe(signal)
    own ??= import('../../engines/trainer.ts').then(({ createTrainer }) => createTrainer())
    return createProbe({ context, data, trainer: await own, signal })
  }

  /** Runs one measurement within the time that all views of a round may take. */
  async function within<T>(spec: BuildSpec, work: (probe: Probe) => Promise<T>): Promise<T> {
    const { viewTimeoutMs, maxViews } = spec.parent.regime.current.terms.round
    const over = new AbortController()
    const cancel = clock.after(Math.max(MIN_LIMIT_MS, viewTimeoutMs * maxViews), () => over.abort())
    const signal = AbortSignal.any([context.signal, over.signal])
    try {
      return await work(await openProbe(signal))
    } finally {
      cancel()
    }
  }

  async function judgeNow(base: CID, spec: BuildSpec): Promise<GateJudgement> {
    return await within(spec, async (probe) => {
      const before = await probe.ofBase(spec.parent.base, spec.round)
      const after = await probe.ofBase(base, spec.round)
      const reason = reasonOf(spec, metric, before - after)
      return { round: spec.round, base: String(base), metric, before, after, reason }
    })
  }

  /** The inputs that are too much worse alone; when none is, the worst: something must give for the next round to differ. */
  async function culprits(spec: BuildSpec, before: number): Promise<readonly SignedContribution[]> {
    if (spec.inputs.length === 1) return spec.inputs
    return await within(spec, async (probe) => {
      const drops: { input: SignedContribution; drop: number }[] = []
      for (const input of spec.inputs) drops.push({ input, drop: before - (await probe.ofInput(spec, input)) })
      drops.sort((a, b) => b.drop - a.drop)
      const bad = drops.filter(({ drop }) => reasonOf(spec, metric, drop) !== null)
      return (bad.length > 0 ? bad : drops.slice(0, 1)).map(({ input }) => input)
    })
  }

  async function run(base: CID, spec: BuildSpec, tell: Parameters<Gate['judge']>[2]): Promise<void> {
    const judgement = await orNull(judgeNow(base, spec))
    tell.judged(judgement?.reason ?? null)
    if (judgement === null) return
    troubles.over('gate')
    judgements.push(judgement)
    if (judgements.length > MAX_JUDGEMENTS) judgements.shift()
    log.info('gate', { ...judgement })
    events.emit({ type: 'gate', ...judgement })
    if (judgement.reason === null) return
    for (const { id } of (await orNull(culprits(spec, judgement.before))) ?? []) {
      log.info('gate-blamed', { round: spec.round, id })
      tell.blamed(id)
    }
  }

  /** Our own trouble proves nothing against a base. */
  async function orNull<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work
    } catch (error) {
      if (context.signal.aborted) return null
      log.warn('gate-failed', { error: String(error) })
      troubles.report('gate', error)
      return null
    }
  }

  return {
    data: data.name,
    rows: data.examples.length,
    judgements,
    judge: (base, spec, tell) => {
      const inputs = spec.inputs.map(({ checkpoint }) => checkpoint)
      const pinned = context.keeping.pin(base, spec.parent.base, ...inputs)
      queue = queue.then(() => run(base, spec, tell)).finally(() => pinned[Symbol.dispose]())
    },
    stop: async () => {
      await queue
      await (await own?.catch(() => null))?.stop()
    },
  }
}

/** Why a fall of the metric is too much; null when it is not. */
function reasonOf(spec: BuildSpec, metric: Metric, drop: number): string | null {
  const { gate } = spec.parent.regime.current.terms
  if (gate === null || Math.round(drop * BILLION) <= gate.maxDrop) return null
  return `gate: ${metric} fell by ${drop.toFixed(3)}, at most ${gate.maxDrop / BILLION}`
}

type GateEvent =
  | Pick<Extract<RoundEvent, { type: 'gate-judged' }>, 'type' | 'base' | 'reason'>
  | Pick<Extract<RoundEvent, { type: 'gate-blamed' }>, 'type' | 'id'>

/** Has the machine's question answered; without data of our own the bytes decide. */
export function askGate(
  gate: Gate | null,
  { base, spec }: Extract<RoundEffect, { type: 'judge-gate' }>,
  answer: (event: GateEvent) => void,
): void {
  const judged = (reason: string | null) => answer({ type: 'gate-judged', base, reason })
  if (gate === null) judged(null)
  else gate.judge(base, spec, { judged, blamed: (id) => answer({ type: 'gate-blamed', id }) })
}
