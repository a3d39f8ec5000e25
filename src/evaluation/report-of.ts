import { toHex } from '../../protocols/wire/bytes.ts'
import type { Evaluation } from './judge-base.ts'
import { digestPlan } from './plans.ts'

/** What a peer says of an evaluation of the base with this CID: `peer.report(reportOf(base, evaluation))`. */
export function reportOf(base: string, evaluation: Evaluation) {
  const { task, mode, metric, mean, standardError, seeds, rows, testRows, labels, plan, trainer } = evaluation
  return {
    base,
    task,
    mode,
    metric,
    // A correlation below zero is stated as zero.
    value: Math.max(0, mean),
    standardError,
    seeds,
    rows,
    testRows,
    labels,
    plan: toHex(digestPlan(plan)),
    engine: trainer,
  }
}
