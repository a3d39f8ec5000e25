import { S2, S8 } from './chain.ts'
import { L6, S3, S4 } from './inputs.ts'
import { L1, L3, L4, L5 } from './liveness.ts'
import type { Violation } from './names.ts'
import type { Property, Run } from './property.ts'
import { S6, S7 } from './tampering.ts'
import { L2, S1, S5 } from './votes.ts'

/** protocol.md 7, one by one. */
export const PROPERTIES: readonly Property[] = [S1, S2, S3, S4, S5, S6, S7, S8, L1, L2, L3, L4, L5, L6]

/** Every property on one run; and what hosts met on the way that must not be. */
export function judgeRun(run: Run): readonly Violation[] {
  const judged = PROPERTIES.flatMap((property) =>
    property.check(run).map((what) => ({ property: property.name, what })),
  )
  return [...run.record.faults, ...judged]
}
