import { makeAmendments } from './making/amendments.ts'
import { makeArchive } from './making/archive.ts'
import { makeArchiveFile } from './making/archive-file.ts'
import { makeCard3 } from './making/card-3.ts'
import { makeClippedLineage } from './making/clipped-lineage.ts'
import { makeContribution, makeLateContribution } from './making/contribution.ts'
import { makeDatasetProof } from './making/dataset-proof.ts'
import { makeEvidence } from './making/evidence.ts'
import { makeEvidenceHeard } from './making/evidence-heard.ts'
import { makeExportKey } from './making/export-key.ts'
import { makeFork } from './making/fork.ts'
import { makeGenesis, makeGenesisFusion } from './making/genesis.ts'
import { makeGenesisCard } from './making/genesis-card.ts'
import { makeLateLineage } from './making/late-lineage.ts'
import { makeLineage } from './making/lineage.ts'
import { makeMembership } from './making/membership.ts'
import { makeRollback } from './making/rollback.ts'
import { makeReport } from './making/report.ts'
import { makeMetricReport } from './making/metric-report.ts'
import { makeSyncDelta } from './making/sync-delta.ts'
import { makeSyncEvidence } from './making/sync-evidence.ts'
import { makeSyncApprovals } from './making/sync-approvals.ts'
import { makeSyncReports } from './making/sync-reports.ts'
import { makeRound } from './making/round.ts'
import { makeSync } from './making/sync.ts'
import { makeSyncJudged } from './making/sync-judged.ts'
import { makeVoucher } from './making/voucher.ts'
import { makeWire } from './making/wire.ts'

// Wrote the frozen vectors of the protocols, from fixed seeds. It never overwrites one: a change of the wire is a new
// version, with a new file beside the old one.
const [only] = process.argv.slice(2)
const makers = {
  makeWire,
  makeGenesis,
  makeGenesisFusion,
  makeContribution,
  makeLateContribution,
  makeRound,
  makeEvidence,
  makeEvidenceHeard,
  makeLineage,
  makeLateLineage,
  makeClippedLineage,
  makeMembership,
  makeSync,
  makeSyncJudged,
  makeReport,
  makeMetricReport,
  makeSyncEvidence,
  makeSyncReports,
  makeAmendments,
  makeSyncApprovals,
  makeSyncDelta,
  makeVoucher,
  makeFork,
  makeArchive,
  makeArchiveFile,
  makeDatasetProof,
  makeCard3,
  makeGenesisCard,
  makeExportKey,
  makeRollback,
}
for (const [name, make] of Object.entries(makers)) if (only === undefined || name === only) await make()
