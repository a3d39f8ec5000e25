// What reads and checks a history in a data directory or beside one, without what trains, serves or takes part: a process that only
// verifies takes 30 MB less and starts sooner. `index.ts` has all of it too.

export { readConfig } from './adapters/config/config.ts'
export { formatRule } from './fusion/rule-text.ts'
export { verifyAttestation } from './peer/attest/verify-attestation.ts'
export { defaultDataDir, initDataDir } from './peer/data-dir.ts'
export { verifyEvidence } from './peer/evidence-report.ts'
export { type ExportedHistory, openExported } from './peer/open-exported.ts'
export { openHistory } from './peer/open-history.ts'
export { type TakenOver, type TakeOverOptions, takeOver } from './peer/take-over.ts'
export { type VerifyArchiveSourceOptions, verifyArchive } from './peer/verify-archive.ts'
export { verifyDirectory } from './peer/verify-directory.ts'
export { ColdmeshError, ERROR_CODES, type ErrorCode, isColdmeshError } from './ports/errors.ts'
export { createReverts, type Reverting } from './rounds/rollback.ts'
