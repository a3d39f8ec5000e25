import { z } from 'zod'
import { REPORT_MESSAGES } from '../../../protocols/registry.ts'
import type { Report } from '../../../protocols/report/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { MAX_CERTIFICATE_BYTES } from '../../../protocols/wire/limits.ts'
import { openBase } from '../../checkpoint/base.ts'
import { judgeCertificate } from '../history/certificate.ts'
import type { SignedReport } from '../reports/book.ts'
import { field } from './attestation-file.ts'
import type { AttestedBase } from './attested-base.ts'
import type { AttestedHistory } from './attested-history.ts'
import { canonicalJson, type Json } from './canonical-json.ts'
import { type Difference, differencesOf } from './differences.ts'
import type { FileDigest } from './file-digests.ts'
import { baseStatement, type VerificationJson } from './statement.ts'

export interface Compared {
  readonly failures: readonly Difference[]
  readonly unchecked: readonly string[]
}

interface Subject {
  readonly attested: AttestedBase
  readonly history: AttestedHistory
  /** Null where the base's files are not here: what is said of them is not looked at. */
  readonly files: readonly FileDigest[] | null
}

/**
 * Compares every field of an in-toto statement with the one that the base gives. Reports are opened by their own signatures; what
 * the signer says of its verification is its word.
 * @param payload the bytes that were signed; `said` is what they decode to
 */
export async function compareStatement(said: unknown, payload: Uint8Array, subject: Subject): Promise<Compared> {
  const { attested, history } = subject
  // Also what bounds the depth of whatever somebody wrote, before anything else walks through it.
  const spelled = canonicalJson(said)
  const predicate = field(said, 'predicate')
  const { reports, failures } = openReports(field(predicate, 'reports'), subject)
  const unchecked: string[] = []
  const verification = readVerification(field(predicate, 'verification'), history)
  if (verification !== null) unchecked.push('predicate.verification')
  const { weights } = await openBase(attested.base, attested.store.get)
  const certificate = certificateOf(field(field(predicate, 'certificate'), 'cbor'), subject)
  const { files } = subject
  const stated = baseStatement({
    ...subject,
    files: files ?? [],
    attested: { ...attested, reports, certificate },
    weights: weights.cid,
    verification,
  })
  const saidOfFiles = field(said, 'subject')
  const expected = files === null && saidOfFiles !== undefined ? { ...stated, subject: toJson(saidOfFiles) } : stated
  const truth: Json =
    history.facts === null ? { ...expected, predicate: withoutCommittee(stated.predicate, predicate) } : expected
  if (history.facts === null) unchecked.push('predicate.committee')
  const differences = differencesOf(said, truth)
  const isCanonical = spelled === Buffer.from(payload).toString('utf8')
  if (differences.length === 0 && failures.length === 0 && !isCanonical) {
    failures.push({
      place: 'payload',
      reason: 'is not the one spelling of what it says: names twice, or in another order',
    })
  }
  return { failures: [...failures, ...differences], unchecked }
}

/** Where nobody here knows the committee of the round, what is said of it stands. */
function withoutCommittee(expected: Json & object, predicate: unknown): Json {
  const committee = field(predicate, 'committee')
  return { ...expected, committee: committee === undefined ? null : toJson(committee) }
}

function toJson(value: unknown): Json {
  return JSON.parse(canonicalJson(value))
}

/** The certificate that is quoted, if it holds: two quorums may have signed one base. Else the one that is known. */
function certificateOf(quoted: unknown, { attested, history }: Subject): Uint8Array | null {
  const { base, network, certificate } = attested
  const round = history.own?.loaded.round
  if (typeof quoted !== 'string' || round === undefined) return certificate
  const bytes = new Uint8Array(Buffer.from(quoted.slice(0, 2 * MAX_CERTIFICATE_BYTES), 'base64'))
  const judged = judgeCertificate(history.facts ?? network, bytes, { round, base })
  return judged.isCertified ? bytes : certificate
}

const verificationShape = z.strictObject({
  level: z.enum(['signatures', 'sample', 'full']),
  valid: z.literal(true),
  certified: z.literal(true),
  rounds: z.int().min(0),
  reproduced: z.int().min(0),
})

/** As said, but for what is a fact; null when it says nothing that it could. */
function readVerification(said: unknown, { length, failures }: AttestedHistory): VerificationJson | null {
  const parsed = verificationShape.safeParse(said)
  if (!parsed.success) return null
  const isKnown = failures.length === 0
  return isKnown ? { ...parsed.data, rounds: length } : parsed.data
}

function openReports(
  said: unknown,
  { attested, history }: Subject,
): { reports: SignedReport[]; failures: Difference[] } {
  const reports: SignedReport[] = []
  const failures: Difference[] = []
  const given: readonly unknown[] = Array.isArray(said) ? said : []
  for (const [i, one] of given.entries()) {
    const place = `predicate.reports[${i}].envelope`
    const text = field(one, 'envelope')
    const bytes = new Uint8Array(Buffer.from(typeof text === 'string' ? text.slice(0, 4096) : '', 'base64'))
    const opened = openEnvelope<Report>(bytes, REPORT_MESSAGES, attested.network.id)
    if (!isSigned(opened)) failures.push({ place, reason: `is no report of this network: ${opened.reason}` })
    else if (!equalCids(opened.message.base, attested.base)) failures.push({ place, reason: 'is about another base' })
    else if (opened.message.round !== (history.own?.loaded.round ?? 0))
      failures.push({ place, reason: 'is about another round' })
    else reports.push(opened)
  }
  return { reports, failures }
}
