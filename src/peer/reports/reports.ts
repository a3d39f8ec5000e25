import type { CID } from 'multiformats/cid'
import { topicOf } from '../../../protocols/registry.ts'
import { report } from '../../../protocols/report/messages.ts'
import { MAX_HAVE, MAX_REPORTS_PAGE } from '../../../protocols/sync/messages.ts'
import { fromHex, parseCid } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Gossip } from '../../ports/gossip.ts'
import type { Journal, Log, Signer } from '../../ports/system.ts'
import type { Emitter } from '../emitter.ts'
import type { Refusal } from '../round/inbox.ts'
import type { SyncClient } from '../sync/client.ts'
import type { PeerEvent, ReportEntry, ReportOptions } from '../types.ts'
import { createReportBook, type SignedReport } from './book.ts'
import { BILLION, reportEntry } from './entry.ts'

/** Records of replaced reports that the file may hold beside the rest before it is written anew. */
const MAX_STALE_RECORDS = 256
/** Pages of one exchange: what is still missing then comes with the next. */
const MAX_PAGES = 64

/** What this peer knows about how good bases are: said by itself and by others, on disk, passed on. */
export interface Reports {
  /** From gossip or sync. */
  receive(envelope: Uint8Array): Verdict
  /** Signs, keeps and announces. Durable when it resolves. @throws ColdmeshError `bad-input`, `refused` (disk) */
  publish(options: ReportOptions): Promise<ReportEntry>
  of(base: CID): readonly ReportEntry[]
  /** Envelopes about bases of these rounds that are not in `have`, at most a page. */
  missing(request: { readonly from: number; readonly to: number; readonly have: readonly CID[] }): readonly Uint8Array[]
  /** Asks a neighbour for what we lack. Never throws. */
  syncWith(peer: string): Promise<void>
  readonly held: number
  /** Resolves when everything is on the disk. */
  stop(): Promise<void>
}

interface Window {
  readonly from: number
  readonly to: number
  readonly have: readonly CID[]
}

export interface ReportsOptions {
  readonly network: CID
  readonly roundOf: (base: CID) => number | null
  readonly headRound: () => number
  readonly journal: Journal
  readonly signer: Signer
  readonly gossip: Pick<Gossip, 'publish'>
  readonly sync: Pick<SyncClient, 'reports'>
  /** Tells people of a report that is provably wrong. */
  readonly note: (refusal: Refusal) => void
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
  readonly log: Log
  readonly signal: AbortSignal
}

export function createReports(options: ReportsOptions): Reports {
  const { network, journal, signer, gossip, events, log, signal } = options
  const book = createReportBook(options)
  for (const record of journal.records) book.receive(record)
  let records = journal.records.length
  let writing: Promise<void> = compact()

  /** Writes the file anew when much of it was replaced. */
  async function compact(): Promise<void> {
    if (records - book.size <= MAX_STALE_RECORDS) return
    const held = book.list()
    await journal.rewrite(held.map(({ envelope }) => envelope))
    records = held.length
  }

  function keep(signed: SignedReport): Promise<void> {
    const written = writing.then(async () => {
      await journal.append(signed.envelope)
      records++
      await compact()
    })
    // A full disk loses a report after a restart, and no more: sync brings it back.
    writing = written.catch((error: unknown) => log.warn('report-not-stored', { error: String(error) }))
    return written
  }

  function take(envelope: Uint8Array) {
    const { verdict, added } = book.receive(envelope)
    if (added === null) return { verdict, written: Promise.resolve(), added }
    events.emit({ type: 'report', report: reportEntry(added) })
    return { verdict, written: keep(added), added }
  }

  function receive(envelope: Uint8Array): Verdict {
    const { verdict, written } = take(envelope)
    written.catch(() => {})
    if (verdict.verdict === 'reject') {
      options.note({ what: 'report', id: null, author: null, reason: verdict.reason })
    }
    return verdict
  }

  /** Ranges of rounds in which we hold no more than a request can name, with room for what is gained. */
  function windows(): readonly Window[] {
    const found: { from: number; to: number; have: CID[] }[] = []
    let window = { from: 0, to: options.headRound(), have: [] as CID[] }
    for (const [round, ids] of Map.groupBy(book.list(), ({ message }) => message.round)) {
      if (window.have.length > 0 && window.have.length + ids.length > MAX_HAVE - MAX_REPORTS_PAGE) {
        found.push({ ...window, to: round - 1 })
        window = { ...window, from: round, have: [] }
      }
      window.have.push(...ids.map(({ id }) => id))
    }
    return [...found, { ...window, have: window.have.slice(-MAX_HAVE) }]
  }

  async function askFor(peer: string, window: Window): Promise<number> {
    let gained = 0
    for await (const envelope of options.sync.reports(peer, window, signal)) {
      const { verdict, added } = book.receive(envelope)
      if (verdict.verdict === 'reject') {
        throw new ColdmeshError('not-valid', `A peer passed on a report that is refused: ${verdict.reason}.`)
      }
      if (added === null) continue
      events.emit({ type: 'report', report: reportEntry(added) })
      keep(added).catch(() => {})
      gained++
    }
    return gained
  }

  return {
    receive,
    publish: async (given) => {
      const payload = encode(given, { ...options, author: signer.key, nextSeq: book.nextSeq })
      const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
      const { verdict, written, added } = take(envelope)
      if (verdict.verdict !== 'accept') {
        throw new ColdmeshError('bad-input', `This peer does not take its own report: ${verdict.reason}.`)
      }
      await written
      await gossip.publish(topicOf(String(network), 'reports'), envelope).catch((error: unknown) => {
        log.warn('not-published', { topic: 'reports', error: String(error) })
      })
      if (added === null) throw new Error('an accepted report is held')
      return reportEntry(added)
    },
    of: (base) => book.of(base).map(reportEntry),
    missing: ({ from, to, have }) => {
      const known = new Set(have.map(String))
      return book
        .list({ from, to })
        .filter(({ id }) => !known.has(String(id)))
        .slice(0, MAX_REPORTS_PAGE)
        .map(({ envelope }) => envelope)
    },
    syncWith: async (peer) => {
      try {
        for (let page = 0; page < MAX_PAGES; page++) {
          let gained = 0
          for (const window of windows()) gained += await askFor(peer, window)
          if (gained === 0) return
        }
      } catch (error) {
        if (!signal.aborted) log.info('reports-sync-failed', { peer, error: String(error) })
      }
    },
    get held() {
      return book.size
    },
    stop: () => writing,
  }
}

/** The payload of our own report. @throws ColdmeshError `bad-input` */
function encode(
  { base: text, task, plan, value, standardError, rows, testRows, labels, ...given }: ReportOptions,
  context: Pick<ReportsOptions, 'network' | 'roundOf'> & {
    readonly author: Uint8Array
    readonly nextSeq: ReturnType<typeof createReportBook>['nextSeq']
  },
): Uint8Array {
  const base = parseCid(text)
  const round = base === null ? null : context.roundOf(base)
  if (base === null || round === null) {
    throw new ColdmeshError(
      'bad-input',
      `${JSON.stringify(text)} is no certified base of this network that this peer knows.`,
      {
        hint: '`coldmesh log` prints the CIDs of bases.',
      },
    )
  }
  const about = {
    author: context.author,
    base,
    task: { name: task, labels, rows, testRows },
    mode: given.mode,
    metric: given.metric ?? ('accuracy' as const),
  }
  try {
    return report.encode({
      ...about,
      network: context.network,
      round,
      seq: context.nextSeq(about),
      value: Math.round(value * BILLION),
      standardError: Math.round(standardError * BILLION),
      seeds: [...given.seeds].sort((a, b) => a - b),
      plan: fromHex(plan) ?? new Uint8Array(),
      engine: given.engine,
    })
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ColdmeshError('bad-input', `The report can't be written: ${error.message}.`, { cause: error })
  }
}
