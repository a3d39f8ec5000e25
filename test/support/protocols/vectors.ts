import { readdirSync, readFileSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { exportKey } from '../../../protocols/attestation/messages.ts'
import { openExportKey } from '../../../protocols/attestation/rules.ts'
import { genesis } from '../../../protocols/genesis/messages.ts'
import { judgeGenesis } from '../../../protocols/genesis/rules.ts'
import { voucher } from '../../../protocols/membership/messages.ts'
import {
  AMENDMENT_MESSAGES,
  CONTRIBUTION_MESSAGES,
  REGISTRY,
  REPORT_MESSAGES,
  VOTE_MESSAGES,
} from '../../../protocols/registry.ts'
import { fromHex } from '../../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../../protocols/wire/codec.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { ACCEPT, reject, type Verdict } from '../../../protocols/wire/verdict.ts'
import {
  type AmendmentSituation,
  type ArchiveSituation,
  type CertificateSituation,
  type ContributionSituation,
  type EvidenceSituation,
  type ForkSituation,
  judgeApprovalIn,
  judgeArchiveIn,
  judgeCertificateIn,
  judgeContributionIn,
  judgeEvidenceIn,
  judgeForkIn,
  judgeLineageIn,
  judgeRatificationIn,
  judgeReportIn,
  judgeRoundMessageIn,
  judgeVoucherIn,
  type LineageSituation,
  type ReportSituation,
  type RoundSituation,
  type VoucherSituation,
} from './situations.ts'

export const VECTORS = new URL('../../vectors/', import.meta.url)

/** One byte string and what every implementation must say of it. */
export interface Vector {
  readonly name: string
  /** The bytes: hex, or for long ones a hex string and how often it is repeated. */
  readonly hex?: string
  readonly repeat?: readonly [hex: string, times: number]
  readonly verdict: 'accept' | 'ignore' | 'reject'
  readonly reason?: string
  /** Accepted: CID of the payload (of an envelope) or of the object. */
  readonly id?: string
  /** Where the verdict depends on what the judge knows: that. */
  readonly view?: unknown
}

/** Vectors of one kind: the bytes alone (accepted, rejected), and the bytes in a situation (judged). */
export interface VectorFile {
  readonly kind: string
  readonly carrier: 'envelope' | 'object'
  /** Genesis CID of the network that everything here belongs to. */
  readonly network?: string
  readonly accepted: readonly Vector[]
  readonly rejected: readonly Vector[]
  readonly judged?: readonly Vector[]
}

/** Path of a kind's vectors under test/vectors: `round/prevote.v1.json` for `prevote/1`. */
export function vectorPath(protocol: string, kind: string): string {
  const [name, version] = kind.split('/')
  return `${protocol}/${name}.v${version}.json`
}

export function readVectors<T = VectorFile>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, VECTORS), 'utf8'))
}

/** Paths of the vector files of the protocols, relative to test/vectors. */
export function vectorPaths(): readonly string[] {
  const protocols = readdirSync(new URL('../../../protocols/', import.meta.url), { withFileTypes: true })
  return protocols
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => filesUnder(name).map((file) => `${name}/${file}`))
    .filter((path) => path.endsWith('.json'))
    .sort()
}

function filesUnder(protocol: string): readonly string[] {
  const files = readdirSync(new URL(`${protocol}/`, VECTORS), { encoding: 'utf8', recursive: true })
  return files.map((file) => file.replaceAll('\\', '/'))
}

export function bytesOf({ hex, repeat }: Pick<Vector, 'hex' | 'repeat'>): Uint8Array {
  const bytes = fromHex(repeat ? repeat[0].repeat(repeat[1]) : (hex ?? 'none'))
  if (!bytes) throw new Error('a vector has bytes')
  return bytes
}

/** What travels in one place: on a topic, in a field (vouchers) or in a file (export keys). */
const PLACES = [CONTRIBUTION_MESSAGES, VOTE_MESSAGES, REPORT_MESSAGES, AMENDMENT_MESSAGES, [voucher], [exportKey]]

/** What the code says of bytes of this kind, knowing nothing but the network. */
export function judgeBytes(
  { kind, carrier, network }: Pick<VectorFile, 'kind' | 'carrier' | 'network'>,
  bytes: Uint8Array,
): Verdict {
  if (carrier === 'object') return judgeObject(kind, bytes)
  const opened = openSigned(kind, bytes, network)
  if (!isSigned(opened)) return opened
  return opened.message.kind === kind ? ACCEPT : reject(`kind-is-${opened.message.kind}`)
}

/** Opens an envelope as the place that carries this kind does. */
function openSigned(kind: string, bytes: Uint8Array, network: string | undefined) {
  const messages = PLACES.find((declarations) => declarations.some((declaration) => declaration.kind === kind))
  if (!messages || network === undefined) throw new Error(`no place carries ${kind}`)
  return openEnvelope<{ kind: string; network: CID; author: Uint8Array }>(bytes, messages, CID.parse(network))
}

function judgeObject(kind: string, bytes: Uint8Array): Verdict {
  const declaration = REGISTRY.map((row) => row.declaration).find((candidate) => candidate.kind === kind)
  if (!declaration) throw new Error(`no registry row for ${kind}`)
  try {
    declaration.decode(bytes)
    return kind === genesis.kind ? judgeGenesis(genesis.decode(bytes)) : ACCEPT
  } catch (error) {
    if (error instanceof MalformedError) return reject(error.reason)
    throw error
  }
}

/** What the code says of these bytes in the situation that the vector describes. */
export function judgeInView({ kind, network }: Pick<VectorFile, 'kind' | 'network'>, vector: Vector): Verdict {
  const bytes = bytesOf(vector)
  const id = network === undefined ? null : CID.parse(network)
  // Vectors are our own frozen files: their views have the shape that was written.
  if (kind === 'ratification/1') return judgeRatificationIn(bytes, vector.view as AmendmentSituation)
  if (kind === 'lineage/1') return judgeLineageIn(bytes, vector.view as LineageSituation)
  if (kind === 'archive/1') return judgeArchiveIn(bytes, vector.view as ArchiveSituation)
  if (kind === 'genesis/1') return judgeForkIn(bytes, vector.view as ForkSituation)
  if (id === null) throw new Error(`${kind} is judged within a network`)
  if (kind === 'contribution/1') return judgeContributionIn(bytes, id, vector.view as ContributionSituation)
  if (kind === 'approval/1') return judgeApprovalIn(bytes, id, vector.view as AmendmentSituation)
  if (kind === 'report/1' || kind === 'metric-report/1') return judgeReportIn(bytes, id, vector.view as ReportSituation)
  if (kind === 'certificate/1') return judgeCertificateIn(bytes, id, vector.view as CertificateSituation)
  if (kind === 'evidence/1') return judgeEvidenceIn(bytes, id, vector.view as EvidenceSituation)
  if (kind === 'voucher/1') return judgeVoucherIn(bytes, id, vector.view as VoucherSituation)
  if (kind === 'export-key/1') return verdictOf(openExportKey(bytes, id))
  return judgeRoundMessageIn(bytes, id, vector.view as RoundSituation)
}

/** An export key depends on nothing that its judge would have to know. */
const verdictOf = (opened: ReturnType<typeof openExportKey>) => ('verdict' in opened ? opened : ACCEPT)

/** The id that the code gives these bytes: an object's own CID, an envelope's payload's. */
export function idOfVector({ carrier, network, kind }: VectorFile, bytes: Uint8Array): string {
  if (carrier === 'object') return String(idOf(bytes))
  const opened = openSigned(kind, bytes, network)
  if (!isSigned(opened)) throw new Error(`not an envelope: ${opened.reason}`)
  return String(opened.id)
}
