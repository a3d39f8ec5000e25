import { makeAmendments } from './making/amendments.ts'
import { makeContribution } from './making/contribution.ts'
import { makeEvidence } from './making/evidence.ts'
import { makeGenesis } from './making/genesis.ts'
import { makeLineage } from './making/lineage.ts'
import { makeMembership } from './making/membership.ts'
import { makeReport } from './making/report.ts'
import { makeSyncApprovals } from './making/sync-approvals.ts'
import { makeSyncReports } from './making/sync-reports.ts'
import { makeRound } from './making/round.ts'
import { makeSync } from './making/sync.ts'
import { makeSyncJudged } from './making/sync-judged.ts'
import { makeWire } from './making/wire.ts'

// Wrote the frozen vectors of the protocols, from fixed seeds. It never overwrites one: a change of the wire is a new
// version, with a new file beside the old one.
const [only] = process.argv.slice(2)
const makers = {
  makeWire,
  makeGenesis,
  makeContribution,
  makeRound,
  makeEvidence,
  makeLineage,
  makeMembership,
  makeSync,
  makeSyncJudged,
  makeReport,
  makeSyncReports,
  makeAmendments,
  makeSyncApprovals,
}
for (const [name, make] of Object.entries(makers)) if (only === undefined || name === only) make()
