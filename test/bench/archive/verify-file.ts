import { verifyArchiveFile } from '../../../src/peer/archive/verify.ts'
import { answer, measure, readJob } from '../measure.ts'
import type { VerifyJob } from './jobs.ts'

// A process of its own: an archive, verified.

const { file, level } = await readJob<VerifyJob>()
let bytes = 0
const cost = await measure(async () => {
  const report = await verifyArchiveFile(file, { level })
  if (!report.valid) throw new Error(JSON.stringify(report.failures))
  bytes = report.archive?.bytes ?? 0
})
answer(cost, { bytes })
