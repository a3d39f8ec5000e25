import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { ArchiveReport, AttestationReport, AttestTarget, VerifyOptions, VerifyReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { PROGRAM } from '../package-root.ts'
import { formatAttestation } from '../text/attested.ts'
import { firstBadLink, formatVerification } from '../text/verification.ts'
import { dirOf } from './data-dir.ts'
import { verifyEvidenceFile } from './evidence.ts'
import { readGiven } from './given-file.ts'
import { openHistorySource } from './history.ts'
import { type NamedTrust, readTrust } from './trust.ts'

type Options =
  | 'dir'
  | 'level'
  | 'trust'
  | 'leaves'
  | 'sampleSeed'
  | 'resume'
  | 'limit'
  | 'threads'
  | 'fromDir'
  | 'certificate'
  | 'maxBytes'
  | 'attestation'
  | 'evidence'
  | 'genesisFile'

/** V8 lets garbage grow to three times what is used before it cleans up: 200 MB in a check of 10,000 rounds (decision 0051). */
const HEAP_FLAG = '--heap-growing-percent=20'
const SEED = /^[0-9a-fA-F]{64}$/
/** More is no certificate, and said to be none. */
const MAX_CERTIFICATE_BYTES = 65_536

export const runVerify: Run<Options> = async (call) => {
  const { args, options, output } = call
  const target = args[0]
  if (options.evidence !== undefined) {
    if (target !== undefined) {
      throw new CliError('bad-input', 'A base and --evidence are two things to verify.', { hint: 'Name one of them.' })
    }
    if (options.attestation !== undefined) {
      throw new CliError('bad-input', '--attestation goes with a base, not with --evidence.', { hint: 'Name a base.' })
    }
    return await verifyEvidenceFile(options.evidence, call)
  }
  if (options.genesisFile !== undefined) {
    throw new CliError('bad-input', '--genesis-file goes with --evidence.', {
      hint: 'A base brings its genesis along: name the CID that you trust with --trust.',
    })
  }
  if (target === undefined) {
    throw new CliError('bad-input', "Missing required argument 'base'.", {
      hint: 'Name a base (its CID or directory), an archive (a file or URL), or evidence with --evidence FILE.',
    })
  }
  if (options.attestation !== undefined && isUrl(target)) {
    throw new CliError('bad-input', '--attestation is compared with what is on this machine, not with a URL.', {
      hint: 'Fetch the archive first, then verify the file with --attestation.',
    })
  }
  requireSampling(call)
  setFlagsFromString(HEAP_FLAG)
  const { report, trust } = await verifyTarget(target, call)
  const attestation = await attestationOf(target, call)
  output.result(attestation === null ? report : { ...report, attestation }, () => {
    const lines = [formatVerification(report, output.colors, trust)]
    return [...lines, ...(attestation === null ? [] : [formatAttestation(attestation)])].join('\n')
  })
  const hint = whatIsMissing(report, attestation)
  if (hint !== null) output.say(hint)
  // on a terminal it is the last line already
  const isSeen = output.json || (process.stdout.isTTY && process.stderr.isTTY)
  if (!isSeen) for (const line of firstBadLink(report)) process.stderr.write(`${line}\n`)
  return report.valid && attestation?.valid !== false ? EXIT.done : EXIT.notValid
}

/** What is said about the base in a file, compared with it; null where no file is named. */
async function attestationOf(target: string, call: Call<Options>): Promise<AttestationReport | null> {
  const { options, signal } = call
  const { attestation } = options
  if (attestation === undefined) return null
  const { verifyAttestation } = await import('coldmesh/history')
  const about = targetOf(target)
  return await verifyAttestation({ target: about, file: resolve(attestation), signal, ...storeOf(call) })
}

/** An archive, an exported directory, or a base of the data directory. */
function targetOf(target: string): AttestTarget {
  if (isArchive(target)) return { archive: resolve(target) }
  return existsSync(target) ? { directory: resolve(target) } : { base: target }
}

/** What only a sample takes is asked for with it. */
function requireSampling({ options: { level, leaves, sampleSeed } }: Call<Options>): void {
  if (sampleSeed !== undefined && !SEED.test(sampleSeed)) {
    throw new CliError('bad-input', '--sample-seed takes 64 hex digits.', { hint: 'An earlier report has its seed.' })
  }
  if (level === 'sample' || (leaves === undefined && sampleSeed === undefined)) return
  throw new CliError('bad-input', `--${leaves === undefined ? 'sample-seed' : 'leaves'} goes with --level sample.`, {
    hint: 'Add --level sample, or leave it out.',
  })
}

interface Verified {
  readonly report: VerifyReport
  /** The genesis that the caller named. */
  readonly trust: string | undefined
}

const isUrl = (target: string) => /^https?:\/\//i.test(target)

function isArchive(target: string): boolean {
  return isUrl(target) || statSync(target, { throwIfNoEntry: false })?.isDirectory() === false
}

async function verifyTarget(target: string, call: Call<Options>): Promise<Verified> {
  if (isArchive(target)) return await verifyFile(isUrl(target) ? target : resolve(target), call)
  return existsSync(target) ? await verifyFiles(target, call) : await verifyCid(target, call)
}

async function verifyCid(cid: string, call: Call<Options>): Promise<Verified> {
  if (!cidText.safeParse(cid).success) {
    throw new CliError('bad-input', `"${cid}" is neither a CID nor a directory or file that exists.`, {
      hint: '`coldmesh log` prints the CIDs of bases.',
    })
  }
  await using history = await openHistorySource(dirOf(call.options), call.signal)
  // Whoever asks about a data directory trusts the network that it belongs to.
  const named = readTrust(call.options.trust)
  const trust = named.trust ?? (named.trustKeys === undefined ? history.network : undefined)
  const options = optionsOf(call, { ...named, ...defined({ trust }) })
  return { report: await history.verify(cid, options), trust }
}

async function verifyFiles(path: string, call: Call<Options>): Promise<Verified> {
  const { verifyDirectory } = await import('coldmesh/history')
  const named = readTrust(call.options.trust)
  const report = await verifyDirectory(resolve(path), { ...optionsOf(call, named), ...storeOf(call) })
  return { report, trust: named.trust }
}

/** An archive, where it lies or comes from. */
async function verifyFile(source: string, call: Call<Options>): Promise<Verified> {
  const { verifyArchive } = await import('coldmesh/history')
  const named = readTrust(call.options.trust)
  const certificate = certificateOf(call)
  const { maxBytes } = call.options
  const options = { ...optionsOf(call, named), ...storeOf(call), ...defined({ certificate, maxBytes }) }
  return { report: await verifyArchive(source, options), trust: named.trust }
}

/** The data directory, when there is one, may hold what is not in the files: rounds before, and the inputs that fusing again needs. */
function storeOf({ options: { dir } }: Call<Options>): { readonly dataDir?: string } {
  return dir !== undefined && existsSync(dir) ? { dataDir: resolve(dir) } : {}
}

/** @throws CliError `bad-input` */
function certificateOf({ options: { certificate } }: Call<Options>): Uint8Array | undefined {
  if (certificate === undefined) return undefined
  const hint = 'coldmesh export BASE_CID --out DIR writes DIR.certificate.cbor.'
  const bytes = readGiven(certificate, { maxBytes: MAX_CERTIFICATE_BYTES, what: 'a certificate', hint })
  return new Uint8Array(bytes)
}

/** Said where an archive of the lineage alone was asked for more; else null. */
function whatIsMissing(report: VerifyReport | ArchiveReport, attestation: AttestationReport | null): string | null {
  const contents = 'archive' in report ? report.archive?.contents : undefined
  if (contents !== 'lineage') return null
  if (report.level !== 'signatures' && !report.valid) {
    return 'it has the lineage alone: --level signatures asks for no more, and --dir DIR names where weights may be'
  }
  if (attestation?.valid !== false) return null
  return 'it has the lineage alone, and an attestation is about files: --dir DIR names where they may be'
}

function optionsOf({ options, output, signal }: Call<Options>, trust: NamedTrust): VerifyOptions {
  const { level, leaves, sampleSeed, resume, limit, threads, fromDir } = options
  return {
    ...trust,
    level,
    signal,
    onProgress: ({ round, of }) => {
      if (process.stderr.isTTY && !output.json)
        process.stderr.write(`\r\u001b[Kchecks round ${round} of ${of}\r\u001b[K`)
    },
    ...defined({
      ...{ leaves, sampleSeed: sampleSeed?.toLowerCase(), details: limit, threads },
      resume: resume === undefined ? undefined : { file: resolve(resume), by: PROGRAM },
      fromDir: fromDir === undefined ? undefined : resolve(fromDir),
    }),
  }
}
