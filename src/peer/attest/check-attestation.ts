import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import { type AttestationFile, field } from './attestation-file.ts'
import type { AttestedBase } from './attested-base.ts'
import { type AttestedHistory, readAttestedHistory } from './attested-history.ts'
import { canonicalJson } from './canonical-json.ts'
import { checkBundleSignature, checkStatementSignatures } from './check-signatures.ts'
import { type Compared, compareStatement } from './check-statement.ts'
import { differencesOf } from './differences.ts'
import { digestFiles, type FileDigest } from './file-digests.ts'
import { mlBom } from './ml-bom.ts'
import { readModelFacts } from './model-facts.ts'
import { modelStatement } from './model-signing.ts'
import type { AttestationReport } from './types.ts'

interface Subject {
  readonly attested: AttestedBase
  readonly history: AttestedHistory
  readonly files: readonly FileDigest[]
}

type Signed = Pick<AttestationReport, 'signedBy' | 'failures'>

/**
 * Whether an attestation tells the truth about a base: it is made again from the base's blocks and compared, field by field.
 * A lie is a report, not an error.
 * @throws ColdmeshError `aborted`
 */
export async function checkAttestation(
  file: AttestationFile,
  attested: AttestedBase,
  signal?: AbortSignal,
): Promise<AttestationReport> {
  const { kind } = file
  const history = await readAttestedHistory(attested, { keepsRounds: kind === 'ml-bom', signal })
  const signatures = signaturesOf(file, attested, history)
  try {
    return reportOf(kind, signatures, await compare(file, attested, history))
  } catch (error) {
    const isAbout = ['bad-input', 'not-valid', 'block-missing', 'block-corrupt', 'bad-checkpoint'] as const
    if (!isColdmeshError(error) || !isAbout.some((code) => code === error.code)) throw error
    // What keeps the comparison from being made is what is wrong with it: nothing was shown to be true.
    const failures = [{ place: error.code === 'bad-input' ? 'file' : 'base', reason: error.message }]
    return reportOf(kind, signatures, { failures, unchecked: [] })
  }
}

/** Who signed: that needs no file of the base. */
function signaturesOf(file: AttestationFile, { network }: AttestedBase, { facts }: AttestedHistory): Signed {
  if (file.kind === 'ml-bom') return { signedBy: [], failures: [] }
  const given = { ...file, network, facts }
  return file.kind === 'in-toto' ? checkStatementSignatures(given) : checkBundleSignature({ ...given, hint: file.hint })
}

async function compare(file: AttestationFile, attested: AttestedBase, history: AttestedHistory): Promise<Compared> {
  const files = await digestsOf(attested)
  if (files !== null) {
    const subject = { attested, history, files }
    if (file.kind === 'ml-bom') return await compareBom(file.bom, subject)
    return file.kind === 'in-toto' ? await compareInToto(file, subject) : compareModelStatement(file.statement, subject)
  }
  // An archive of the lineage alone tells all but what the files are: that is said, and is no truth.
  const absent = { place: file.kind === 'ml-bom' ? 'components' : 'subject', reason: FILES_ABSENT }
  if (file.kind !== 'in-toto') return { failures: [absent], unchecked: [] }
  const { failures, unchecked } = await compareInToto(file, { attested, history, files: null })
  return { failures: [absent, ...failures], unchecked }
}

const FILES_ABSENT = "the base's files are not here, so their digests can't be compared"

/** Null where a block of a file is not here. */
async function digestsOf(attested: AttestedBase): Promise<readonly FileDigest[] | null> {
  try {
    return await digestFiles(attested)
  } catch (error) {
    if (isColdmeshError(error, 'block-missing')) return null
    throw error
  }
}

function reportOf(
  kind: AttestationReport['kind'],
  signatures: Signed,
  { failures, unchecked }: Compared,
): AttestationReport {
  const all = [...signatures.failures, ...failures]
  return { kind, valid: all.length === 0, signedBy: signatures.signedBy, failures: all, unchecked }
}

async function compareInToto(
  { statement, envelope }: Extract<AttestationFile, { kind: 'in-toto' }>,
  subject: Omit<Subject, 'files'> & { readonly files: readonly FileDigest[] | null },
): Promise<Compared> {
  const { attested, history } = subject
  if (history.own === null && !equalCids(attested.base, attested.network.genesis.base)) {
    const [first] = history.failures
    const reason = `its lineage can't be read${first === undefined ? '' : `: ${first.reason}`}`
    return { failures: [{ place: 'base', reason }], unchecked: [] }
  }
  return await compareStatement(statement, envelope.payload, subject)
}

/** The name of the model is whatever its signer calls it; its tools do not compare it either. */
function compareModelStatement(said: unknown, { attested, files }: Subject): Compared {
  canonicalJson(said)
  const [subject] = [field(said, 'subject')].flat()
  const name = field(subject, 'name')
  const truth = modelStatement(typeof name === 'string' ? name : String(attested.base), files)
  return { failures: differencesOf(said, truth), unchecked: [] }
}

/** A bill of materials names every round, so the whole history must be here. */
async function compareBom(said: unknown, subject: Subject): Promise<Compared> {
  const { history, attested } = subject
  canonicalJson(said)
  const [first] = history.failures
  if (first !== undefined || history.facts === null) {
    const where = first === undefined ? '' : `: round ${first.round}: ${first.reason}`
    return { failures: [{ place: 'base', reason: `its history is not all here${where}` }], unchecked: [] }
  }
  const { text } = mlBom({ ...subject, attested: { ...attested, reports: [] }, model: await readModelFacts(attested) })
  const { told, metrics } = withoutMetrics(said)
  const unchecked = metrics === undefined ? [] : ['metadata.component.modelCard.quantitativeAnalysis']
  return { failures: differencesOf(told, JSON.parse(text)), unchecked }
}

/** Evaluations in a bill of materials bring no signatures along: they are whoever's word. */
function withoutMetrics(bom: unknown): { readonly told: unknown; readonly metrics: unknown } {
  const metadata = field(bom, 'metadata')
  const component = field(metadata, 'component')
  const card = field(component, 'modelCard')
  const metrics = field(card, 'quantitativeAnalysis')
  if (metrics === undefined) return { told: bom, metrics }
  const without = (value: unknown, name: string, inner: unknown) =>
    typeof value === 'object' && value !== null ? { ...value, [name]: inner } : value
  const bare = Object.fromEntries(Object.entries(Object(card)).filter(([name]) => name !== 'quantitativeAnalysis'))
  const told = without(bom, 'metadata', without(metadata, 'component', without(component, 'modelCard', bare)))
  return { told, metrics }
}
