import type { CID } from 'multiformats/cid'
import { metricReport, report } from '../../../protocols/report/messages.ts'
import { MAX_HAVE, MAX_REPORTS_PAGE } from '../../../protocols/sync/messages.ts'
import { fromHex, parseCid } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Journal, Signer } from '../../ports/system.ts'
import type { Emitter } from '../emitter.ts'
import { createSharedBook, missingFrom, type SharedBookPorts } from '../shared-book.ts'
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

export interface ReportsOptions extends SharedBookPorts {
  readonly roundOf: (base: CID) => number | null
  readonly headRound: () => number
  readonly journal: Journal
  readonly signer: Signer
  readonly sync: Pick<SyncClient, 'reports'>
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
}

export function createReports(options: ReportsOptions): Reports {
  const { journal, signer, events } = options
  const book = createReportBook(options)
  for (const record of journal.records) book.receive(record)
  let records = journal.records.length
  const shared = createSharedBook<SignedReport>({
    ...options,
    topic: 'reports',
    what: 'report',
    maxPages: MAX_PAGES,
    add: book.receive,
    store: async ({ envelope }) => {
      await journal.append(envelope)
      records++
      await compact()
    },
    tell: (added) => events.emit({ type: 'report', report: reportEntry(added) }),
    ask: (peer, signal) => windows().map((window) => options.sync.reports(peer, window, signal)),
  })
  void shared.write(compact)

  /** Writes the file anew when much of it was replaced. */
  async function compact(): Promise<void> {
    if (records - book.size <= MAX_STALE_RECORDS) return
    const held = book.list()
    await journal.rewrite(held.map(({ envelope }) => envelope))
    records = held.length
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

  return {
    receive: shared.receive,
    publish: async (given) => {
      const payload = encode(given, { ...options, author: signer.key, nextSeq: book.nextSeq })
      const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
      const { verdict, written, added } = shared.take(envelope, 'self')
      if (verdict.verdict !== 'accept') {
        throw new ColdmeshError('bad-input', `This peer does not take its own report: ${verdict.reason}.`)
      }
      await written
      await shared.announce(envelope)
      if (added === null) throw new Error('an accepted report is held')
      return reportEntry(added)
    },
    of: (base) => book.of(base).map(reportEntry),
    missing: ({ from, to, have }) => missingFrom(book.list({ from, to }), have, MAX_REPORTS_PAGE),
    syncWith: shared.syncWith,
    get held() {
      return book.size
    },
    stop: shared.stop,
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
  const { metric = 'accuracy' } = given
  const about = { author: context.author, base, task: { name: task, labels, rows, testRows }, mode: given.mode }
  try {
    const said = {
      ...about,
      network: context.network,
      round,
      seq: context.nextSeq({ ...about, metric }),
      value: Math.round(value * BILLION),
      standardError: Math.round(standardError * BILLION),
      seeds: [...given.seeds].sort((a, b) => a - b),
      plan: fromHex(plan) ?? new Uint8Array(),
      engine: given.engine,
    }
    return metric === 'accuracy' ? report.encode({ ...said, metric }) : metricReport.encode({ ...said, metric })
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ColdmeshError('bad-input', `The report can't be written: ${error.message}.`, { cause: error })
  }
}
