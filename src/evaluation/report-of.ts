import { toHex } from '../../protocols/wire/bytes.ts'
import type { Evaluation } from './evaluate-base.ts'
import { digestPlan } from './plans.ts'

/** What a peer says of an evaluation of the base with this CID: `peer.report(reportOf(base, evaluation))`. */
export function reportOf(base: string, evaluation: Evaluation) {
  const { task, mode, mean, standardError, seeds, rows, testRows, labels, plan, trainer } = evaluation
  return {
    base,
    task,
    mode,
    value: mean,
    standardError,
    seeds,
    rows,
    testRows,
    labels,
    plan: toHex(digestPlan(plan)),
    engine: trainer,
  }
}
