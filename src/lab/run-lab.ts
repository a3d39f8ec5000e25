import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createTrainer } from '../engines/trainer.ts'
import { readModelDirectory } from '../peer/model.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { LabContext } from './context.ts'
import { contributorsOf, participantsOf } from './contributors.ts'
import { openLedger } from './ledger.ts'
import type { LabPlan, LabTask } from './plan.ts'
import { createPool } from './pool.ts'
import { roundKey } from './records.ts'
import { type LabResult, summarize } from './result.ts'
import { runBaselines, runSeed } from './run-seed.ts'
import { piecesOf, roundName } from './score.ts'
import { createWork, type LabProgress } from './work.ts'

export interface LabOptions {
  readonly plan: LabPlan
  readonly tasks: readonly LabTask[]
  /** Directory of the pretrained base. */
  readonly base: string
  /** Where results and the runs' data directories go; a lab that was stopped goes on from what is there. */
  readonly out: string
  /** Trainings and judgements at once. Changes how long it takes, and nothing else. */
  readonly parallel?: number
  /** Default: `createTrainer` with one thread, which gives equal weights on every run. */
  readonly createTrainer?: () => Promise<Trainer>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: LabProgress) => void
  /** Called with what there is so far whenever a base has been judged, and at the end. */
  readonly onResult?: (result: LabResult) => void
}

/**
 * Runs an experiment: for each seed a network of simulated contributors and members, round after round, without sockets and in
 * virtual time, with the trainer, the agreement, the fusion and the verification of real peers.
 *
 * @throws ColdmeshError `bad-input`, `refused` when `out` holds another experiment, `locked`, and as trainers do
 */
export async function runLab(options: LabOptions): Promise<LabResult> {
  const { plan, tasks, base, out, parallel = 1, onProgress = () => {}, onResult = () => {} } = options
  const signal = options.signal ?? new AbortController().signal
  await mkdir(out, { recursive: true })
  await using _lock = await lockDirectory(out)
  await claim(out, await identify(options))
  await using ledger = await openLedger(join(out, 'ledger'))
  await using pool = await createPool(parallel, options.createTrainer ?? (() => createTrainer({ threads: 1 })))
  const work = createWork({ parallel, now: () => systemClock.now(), onProgress })
  const { name, device } = pool.trainer
  const summary = () => summarize({ plan, tasks, trainer: { name, device }, records: ledger.records })
  const publish = () => onResult(summary())
  const context: LabContext = { plan, tasks, base, out, pool, ledger, work, signal, publish }
  for (const seed of plan.seeds) expectRun(context, seed)
  for (const seed of plan.seeds) await runSeed(context, seed)
  for (const seed of plan.seeds) await runBaselines(context, seed)
  publish()
  return summary()
}

/** What makes two labs the same experiment: the plan, every text, the base. */
async function identify({ plan, tasks, base }: LabOptions): Promise<string> {
  const texts = createHash('sha256').update(JSON.stringify(tasks)).digest('hex')
  const { body, ...files } = await readModelDirectory(base)
  const model = createHash('sha256').update(JSON.stringify([files.config, files.tokenizer, files.tokenizerConfig]))
  for (const { data } of body) model.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return `${JSON.stringify({ plan, texts, base: model.digest('hex') }, null, 2)}\n`
}

/** An output directory belongs to one experiment. */
async function claim(out: string, identity: string): Promise<void> {
  const path = join(out, 'plan.json')
  const before = await readFile(path, 'utf8').catch(() => null)
  if (before === identity) return
  if (before === null) {
    await writeFileAtomic(path, Buffer.from(identity))
    return
  }
  throw new ColdmeshError('refused', `${out} holds the results of another plan, or of other texts or weights.`, {
    facts: { path },
    hint: 'Choose another output directory (--out), or remove that one.',
  })
}

/** Announces a run's work, and what of it is done already. */
function expectRun(context: LabContext, run: number): void {
  const { plan, tasks, ledger, work } = context
  const contributors = contributorsOf(tasks)
  const expectRound = (key: string, trainings: number) => {
    work.expect('train', trainings)
    work.expect('fuse', 1)
    if (!ledger.has(key)) return
    work.skip('train', trainings)
    work.skip('fuse', 1)
  }
  for (let round = 1; round <= plan.rounds; round++) {
    expectRound(roundKey({ run, chain: 'rounds', round }), participantsOf(contributors, plan, { run, round }).length)
  }
  if (plan.baselines.includes('one-shot')) {
    expectRound(roundKey({ run, chain: 'one-shot', round: 1 }), contributors.length)
  }
  if (plan.baselines.includes('multitask')) work.expect('multitask', 1)
  const subjects = Array.from({ length: plan.rounds + 1 }, (_, round) => roundName(round))
  for (const of of [...subjects, ...plan.baselines]) {
    for (const { evaluation, key } of piecesOf(context, { run, of })) {
      work.expect(evaluation.mode, 1)
      if (ledger.has(key)) work.skip(evaluation.mode, 1)
    }
  }
}
