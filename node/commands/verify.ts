import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { VerifyOptions, VerifyReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { PROGRAM } from '../package-root.ts'
import { firstBadLink, formatVerification } from '../text/verification.ts'
import { dirOf } from './data-dir.ts'
import { verifyEvidenceFile } from './evidence.ts'
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
  | 'evidence'
  | 'genesisFile'

/** V8 lets garbage grow to three times what is used before it cleans up: 200 MB in a check of 10,000 rounds (decision 0051). */
const HEAP_FLAG = '--heap-growing-percent=20'
const SEED = /^[0-9a-fA-F]{64}$/

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
      hint: 'Name a base (its CID or directory), or a file with --evidence FILE.',
    })
  }
  requireSampling(call)
  setFlagsFromString(HEAP_FLAG)
  const { report, trust } = existsSync(target) ? await verifyFiles(target, call) : await verifyCid(target, call)
  output.result(report, () => formatVerification(report, output.colors, trust))
  // on a terminal it is the last line already
  const isSeen = output.json || (process.stdout.isTTY && process.stderr.isTTY)
  if (!isSeen) for (const line of firstBadLink(report)) process.stderr.write(`${line}\n`)
  return report.valid ? EXIT.done : EXIT.notValid
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

async function verifyCid(cid: string, call: Call<Options>): Promise<Verified> {
  if (!cidText.safeParse(cid).success) {
    throw new CliError('bad-input', `"${cid}" is neither a CID nor a directory that exists.`, {
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
  if (!statSync(path).isDirectory()) {
    throw new CliError('bad-input', `${path} is a file, and an exported base is a directory.`, {
      hint: 'Name the directory, with DIR.certificate.cbor beside it.',
    })
  }
  const { verifyDirectory } = await import('coldmesh')
  const { dir } = call.options
  const named = readTrust(call.options.trust)
  // The data directory, when there is one, may hold the inputs that fusing again needs.
  const dataDir = dir !== undefined && existsSync(dir) ? resolve(dir) : undefined
  const report = await verifyDirectory(resolve(path), { ...optionsOf(call, named), ...defined({ dataDir }) })
  return { report, trust: named.trust }
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
