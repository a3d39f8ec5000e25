import type { CID } from 'multiformats/cid'
import { REPORT_MESSAGES } from '../../../protocols/registry.ts'
import type { Report } from '../../../protocols/report/messages.ts'
import { judgeReport, type ReportView } from '../../../protocols/report/rules.ts'
import { equalBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { ignore, type Verdict } from '../../../protocols/wire/verdict.ts'

export type SignedReport = Signed<Report>

/** Reports held over all bases: 16 MiB at most. Older bases keep theirs, new reports are ignored. */
const MAX_HELD = 16_384

/** What was said about which base, judged and kept in memory. */
export interface ReportBook {
  /** `added` when it is held from now on. */
  receive(envelope: Uint8Array): { readonly verdict: Verdict; readonly added: SignedReport | null }
  /** Of bases of these rounds, by round, then by id. Default: all. */
  list(rounds?: { readonly from: number; readonly to: number }): readonly SignedReport[]
  /** What is held about one base, by task, mode and author. */
  of(base: CID): readonly SignedReport[]
  /** `seq` for the author's next report about this. */
  nextSeq(message: Subject): number
  readonly size: number
}

type Subject = Pick<Report, 'author' | 'base' | 'mode' | 'metric' | 'task'>

export function createReportBook(options: {
  readonly network: CID
  /** Round of a certified base; null for any other. */
  readonly roundOf: (base: CID) => number | null
}): ReportBook {
  /** By base, then by what it is about and who says it. */
  const held = new Map<string, Map<string, SignedReport>>()
  const ids = new Set<string>()

  const ofBase = (base: CID) => held.get(String(base)) ?? new Map<string, SignedReport>()
  const heldFor = (message: Subject) => ofBase(message.base).get(subjectOf(message)) ?? null
  const view: ReportView = {
    roundOf: options.roundOf,
    isKnown: (id) => ids.has(String(id)),
    heldSeq: (message) => heldFor(message)?.message.seq ?? null,
    countByAuthor: (base, author) =>
      [...ofBase(base).values()].filter(({ message }) => equalBytes(message.author, author)).length,
    countOf: (base) => ofBase(base).size,
  }

  function add(signed: SignedReport): void {
    const reports = ofBase(signed.message.base)
    const subject = subjectOf(signed.message)
    const before = reports.get(subject)
    if (before !== undefined) ids.delete(String(before.id))
    held.set(String(signed.message.base), reports.set(subject, signed))
    ids.add(String(signed.id))
  }

  return {
    receive: (envelope) => {
      const signed = openEnvelope<Report>(envelope, REPORT_MESSAGES, options.network)
      if (!isSigned(signed)) return { verdict: signed, added: null }
      const verdict = judgeReport(signed, view)
      if (verdict.verdict !== 'accept') return { verdict, added: null }
      if (ids.size >= MAX_HELD && heldFor(signed.message) === null) return { verdict: ignore('full'), added: null }
      add(signed)
      return { verdict, added: signed }
    },
    list: ({ from, to } = { from: 0, to: Number.MAX_SAFE_INTEGER }) =>
      [...held.values()]
        .flatMap((reports) => [...reports.values()])
        .filter(({ message: { round } }) => round >= from && round <= to)
        .sort((a, b) => a.message.round - b.message.round || compareText(String(a.id), String(b.id))),
    of: (base) => [...ofBase(base)].sort(([a], [b]) => compareText(a, b)).map(([, signed]) => signed),
    nextSeq: (message) => (heldFor(message)?.message.seq ?? -1) + 1,
    get size() {
      return ids.size
    },
  }
}

/** What a report is about within its base, and who says it. No text holds the separator. */
function subjectOf({ author, mode, metric, task }: Subject): string {
  return [task.name, mode, metric, toHex(author)].join('\0')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
