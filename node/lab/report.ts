import type { LabResult } from 'coldmesh'
export function renderReport(result: LabResult, madeWith: object): string {
  return JSON.stringify({ result: result.plan.name, madeWith })
}
