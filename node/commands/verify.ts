import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ArchiveReport, VerifyOptions, VerifyReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatVerification } from '../text/verification.ts'
import { dirOf } from './data-dir.ts'
import { verifyEvidenceFile } from './evidence.ts'
import { openHistorySource } from './history.ts'

type Options = 'dir' | 'level' | 'trust' | 'fromDir' | 'certificate' | 'maxBytes' | 'evidence' | 'genesisFile'

/** More is no certificate, and said to be none. */
const MAX_CERTIFICATE_BYTES = 65_536

export const runVerify: Run<Options> = async (call) => {
  const { args, options, output } = call
  const target = args[0]
  if (options.evidence !== undefined) {
    if (target !== undefined) {
      throw new CliError('bad-input', 'A base and --evidence are two things to verify.', { hint: 'Name one of them.' })
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
  const { report, trust } = await verifyTarget(target, call)
  output.result(report, () => formatVerification(report, output.colors, trust))
  if (isOfLineageAlone(report)) {
    output.say(
      'it has the lineage alone: --level signatures asks for no more, and --dir DIR names where weights may be',
    )
  }
  return report.valid ? EXIT.done : EXIT.notValid
}

interface Verified {
  readonly report: VerifyReport
  /** The genesis that the caller named. */
  readonly trust: string | undefined
}

async function verifyTarget(target: string, call: Call<Options>): Promise<Verified> {
  const isUrl = /^https?:\/\//i.test(target)
  if (isUrl || statSync(target, { throwIfNoEntry: false })?.isDirectory() === false) {
    return await verifyFile(isUrl ? target : resolve(target), call)
  }
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
  const trust = call.options.trust ?? history.network
  return { report: await history.verify(cid, optionsOf(call, trust)), trust }
}

async function verifyFiles(path: string, call: Call<Options>): Promise<Verified> {
  const { verifyDirectory } = await import('coldmesh')
  const { trust } = call.options
  return { report: await verifyDirectory(resolve(path), { ...optionsOf(call, trust), ...storeOf(call) }), trust }
}

/** An archive, where it lies or comes from. */
async function verifyFile(source: string, call: Call<Options>): Promise<Verified> {
  const { verifyArchive } = await import('coldmesh')
  const { trust, maxBytes } = call.options
  const certificate = certificateOf(call)
  const options = { ...optionsOf(call, trust), ...storeOf(call), ...defined({ certificate, maxBytes }) }
  return { report: await verifyArchive(source, options), trust }
}

/** The data directory, when there is one, may hold what is not in the files: rounds before, and the inputs that fusing again needs. */
function storeOf({ options: { dir } }: Call<Options>): { readonly dataDir?: string } {
  return dir !== undefined && existsSync(dir) ? { dataDir: resolve(dir) } : {}
}

/** @throws CliError `bad-input` */
function certificateOf({ options: { certificate } }: Call<Options>): Uint8Array | undefined {
  if (certificate === undefined) return undefined
  const found = statSync(certificate, { throwIfNoEntry: false })
  if (found?.isFile() && found.size <= MAX_CERTIFICATE_BYTES) return new Uint8Array(readFileSync(certificate))
  throw new CliError('bad-input', `${certificate} is no file of a certificate.`, {
    hint: 'coldmesh export BASE_CID --out DIR writes DIR.certificate.cbor.',
  })
}

function isOfLineageAlone(report: VerifyReport | ArchiveReport): boolean {
  const contents = 'archive' in report ? report.archive?.contents : undefined
  return contents === 'lineage' && report.level !== 'signatures' && !report.valid
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
