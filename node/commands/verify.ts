import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AttestationReport, VerifyOptions, VerifyReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatAttestation } from '../text/attested.ts'
import { formatVerification } from '../text/verification.ts'
import { dirOf } from './data-dir.ts'
import { verifyEvidenceFile } from './evidence.ts'
import { openHistorySource } from './history.ts'

type Options = 'dir' | 'level' | 'trust' | 'fromDir' | 'attestation' | 'evidence' | 'genesisFile'

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
      hint: 'Name a base (its CID or directory), or a file with --evidence FILE.',
    })
  }
  const { report, trust } = existsSync(target) ? await verifyFiles(target, call) : await verifyCid(target, call)
  const attestation = await attestationOf(target, call)
  output.result(attestation === null ? report : { ...report, attestation }, () => {
    const lines = [formatVerification(report, output.colors, trust)]
    return [...lines, ...(attestation === null ? [] : [formatAttestation(attestation)])].join('\n')
  })
  return report.valid && attestation?.valid !== false ? EXIT.done : EXIT.notValid
}

/** What is said about the base in a file, compared with it; null where no file is named. */
async function attestationOf(target: string, { options, signal }: Call<Options>): Promise<AttestationReport | null> {
  const { attestation, dir } = options
  if (attestation === undefined) return null
  const { verifyAttestation } = await import('coldmesh')
  const dataDir = dir !== undefined && existsSync(dir) ? resolve(dir) : undefined
  const about = existsSync(target) ? { directory: resolve(target) } : { base: target }
  return await verifyAttestation({ target: about, file: resolve(attestation), signal, ...defined({ dataDir }) })
}

interface Verified {
  readonly report: VerifyReport
  /** The genesis that the caller named. */
  readonly trust: string | undefined
}

async function verifyCid(cid: string, call: Call<Options>): Promise<Verified> {
  if (!cidText.safeParse(cid).success) {
    throw new CliError('bad-input', `"${cid}" is neither a CID nor a directory that exists.`, {
      hint: '`coldmesh log` prints the CIDs of bases.',
    })
  }
  await using history = await openHistorySource(dirOf(call.options), call.signal)
  // Whoever asks about a data directory trusts the network that it belongs to.
  const trust = call.options.trust ?? history.network
  return { report: await history.verify(cid, optionsOf(call, trust)), trust }
}

async function verifyFiles(path: string, call: Call<Options>): Promise<Verified> {
  if (!statSync(path).isDirectory()) {
    throw new CliError('bad-input', `${path} is a file, and an exported base is a directory.`, {
      hint: 'Name the directory, with DIR.certificate.cbor beside it.',
    })
  }
  const { verifyDirectory } = await import('coldmesh')
  const { dir, trust } = call.options
  // The data directory, when there is one, may hold the inputs that fusing again needs.
  const dataDir = dir !== undefined && existsSync(dir) ? resolve(dir) : undefined
  const report = await verifyDirectory(resolve(path), { ...optionsOf(call, trust), ...defined({ dataDir }) })
  return { report, trust }
}

function optionsOf({ options, output, signal }: Call<Options>, trust: string | undefined): VerifyOptions {
  return {
    level: options.level,
    signal,
    onProgress: ({ round, of }) => {
      if (process.stderr.isTTY && !output.json)
        process.stderr.write(`\r\u001b[Kchecks round ${round} of ${of}\r\u001b[K`)
    },
    ...defined({ trust, fromDir: options.fromDir === undefined ? undefined : resolve(options.fromDir) }),
  }
}
