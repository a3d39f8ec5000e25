import { existsSync } from 'node:fs'
import type {
  createReverts,
  EvidenceReport,
  ExportArchiveOptions,
  ForkStatus,
  LogEntry,
  ReportEntry,
  VerifyOptions,
  VerifyReport,
  WrittenArchive,
} from 'coldmesh'
import { type DaemonClient, findDaemon } from '../control/client.ts'
import { readyStatus } from '../control/daemon-status.ts'
import {
  archiveAnswer,
  evidenceAnswer,
  evidenceReport,
  exportAnswer,
  reportsAnswer,
  roundsAnswer,
  verifyAnswer,
} from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'

const PAGE = 100

export type Exported = Awaited<ReturnType<HistorySource['export']>>

/** A data directory's history, whoever holds its stores: the daemon that runs, or the files. */
export interface HistorySource extends AsyncDisposable {
  readonly network: string
  /** A peer's text; null where the daemon does not say it. */
  readonly networkName: string | null
  readonly isRunning: boolean
  /** The newest certified base. */
  readonly head: string
  log(base?: string): AsyncIterable<LogEntry>
  /** What the network began as; null for one that is no fork. */
  fork(): Promise<ForkStatus | null>
  /** Evaluations of a base that are held here. */
  reports(base: string): Promise<readonly ReportEntry[]>
  /** Norms of what each input of a base changed, null where the bytes are not here; null where a daemon holds the store. */
  measure(base: string): Promise<readonly (number | null)[] | null>
  verify(base: string, options: VerifyOptions): Promise<VerifyReport>
  export(
    cid: string,
    options: { readonly out: string },
  ): Promise<{ readonly cid: string; readonly kind: 'base' | 'checkpoint'; readonly files: readonly string[] }>
  exportArchive(base: string, options: ExportArchiveOptions): Promise<WrittenArchive>
  evidence(): Promise<readonly { readonly report: EvidenceReport; readonly bytes: Uint8Array }[]>
  verifyEvidence(bytes: Uint8Array): Promise<EvidenceReport>
}

/** @throws CliError `bad-input` when there is no such directory */
export async function openHistorySource(dir: string, signal: AbortSignal): Promise<HistorySource> {
  if (!existsSync(dir)) {
    throw new CliError('bad-input', `There is no data directory ${dir}.`, {
      hint: 'Check --dir, or make one: coldmesh init.',
    })
  }
  const daemon = await findDaemon(dir)
  if (daemon !== null) return await openDaemonHistory(daemon, signal)
  const { openHistory } = await import('coldmesh/history')
  const history = await openHistory(dir)
  return {
    network: history.network,
    networkName: history.networkName,
    isRunning: false,
    head: history.head.base,
    log: (base) => history.log(base),
    fork: () => history.fork(),
    reports: async (base) => history.reports(base),
    measure: (base) => history.measure(base, { signal }),
    verify: (base, options) => history.verify(base, options),
    export: (cid, options) => history.export(cid, options),
    exportArchive: (base, options) => history.exportArchive(base, options),
    evidence: async () => history.evidence(),
    verifyEvidence: async (bytes) => history.verifyEvidence(bytes),
    [Symbol.asyncDispose]: () => history[Symbol.asyncDispose](),
  }
}

async function openDaemonHistory(daemon: DaemonClient, signal: AbortSignal): Promise<HistorySource> {
  const { network, base: head } = await readyStatus(daemon, signal)
  return {
    network,
    networkName: null,
    isRunning: true,
    head,
    log: (base) => pagesOf(daemon, base, signal),
    fork: async () => (await readyStatus(daemon, signal)).fork,
    reports: async (base) => (await daemon.get(`/v1/reports?base=${base}`, reportsAnswer, signal)).reports,
    measure: async () => null,
    verify: (base, { signal: _signal, onProgress: _onProgress, resume, ...options }) =>
      // it notes its own version in the file
      daemon.post('/v1/verify', { base, ...defined({ ...options, resume: resume?.file }) }, verifyAnswer, signal),
    export: (cid, { out }) => daemon.post('/v1/export', { cid, out }, exportAnswer, signal),
    exportArchive: (base, { file, contents }) =>
      daemon.post('/v1/archives', { base, file, ...defined({ contents }) }, archiveAnswer, signal),
    evidence: async () => {
      const { evidence } = await daemon.get('/v1/evidence', evidenceAnswer, signal)
      return evidence.map(({ report, bytes }) => ({ report, bytes: Buffer.from(bytes, 'base64') }))
    },
    verifyEvidence: (bytes) =>
      daemon.post('/v1/evidence', { bytes: Buffer.from(bytes).toString('base64') }, evidenceReport, signal),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function* pagesOf(daemon: DaemonClient, base: string | undefined, signal: AbortSignal): AsyncGenerator<LogEntry> {
  // A page knows nothing of the rollbacks before its first round. Without one, the library need not be loaded.
  let revertedBy: ReturnType<typeof createReverts> | null = null
  for (let from = base; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), ...defined({ base: from }) })
    const { rounds } = await daemon.get(`/v1/rounds?${query}`, roundsAnswer, signal)
    for (const entry of rounds) {
      const rolledBackTo = entry.amendment?.change.rollback?.base ?? null
      if (rolledBackTo !== null) revertedBy ??= (await import('coldmesh/history')).createReverts()
      yield revertedBy === null ? entry : { ...entry, revertedBy: revertedBy({ ...entry, rolledBackTo }) }
    }
    const last = rounds.at(-1)
    if (last === undefined || rounds.length < PAGE || last.round <= 1) return
    from = last.parent
  }
}
