import type { VerifyReport } from '../types.ts'
import type { ForkStatus } from './types.ts'

/** The report of a network that is a fork. A claim that is false makes it invalid; one that can't be checked is said to be so. */
export function withFork(report: VerifyReport, fork: ForkStatus | null): VerifyReport {
  if (fork?.state !== 'not-valid') return { ...report, fork }
  const failure = { round: 0, link: 'fork', reason: fork.reason ?? '' }
  return { ...report, fork, valid: false, failures: [failure, ...report.failures] }
}
