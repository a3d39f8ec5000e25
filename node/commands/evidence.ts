import { existsSync } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EvidenceReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatEvidence } from '../text/evidence.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'
import { genesisOf } from './trust.ts'

/** No evidence and no genesis is longer. */
const MAX_FILE_BYTES = 64 * 1024

/** Exits 0 when everything that is stored holds, also when there is nothing. */
export const runEvidence: Run<'dir' | 'out'> = async ({ options, output, signal }) => {
  const out = options.out === undefined ? null : resolve(options.out)
  if (out !== null && existsSync(out)) {
    throw new CliError('bad-input', `${out} is there already.`, { hint: 'Name a directory that does not exist yet.' })
  }
  await using history = await openHistorySource(dirOf(options), signal)
  const stored = await history.evidence()
  if (out !== null) await mkdir(out, { recursive: true })
  for (const { report, bytes } of stored) {
    // Named by its CID: no name that a peer chose becomes a path.
    const file = out === null ? null : join(out, `${report.id}.cbor`)
    if (file !== null) await writeFile(file, bytes)
    output.result({ ...report, ...(file === null ? {} : { file }) }, () => formatEvidence(report, output.colors))
  }
  if (stored.length === 0) output.say('no member contradicted itself, as far as this peer saw')
  return stored.every(({ report }) => report.proven) ? EXIT.done : EXIT.notValid
}

type VerifyCall = Call<'dir' | 'trust' | 'genesisFile'>

/** `verify --evidence FILE`: from the files alone, and against the committee when the data directory knows it. */
export async function verifyEvidenceFile(path: string, call: VerifyCall): Promise<number> {
  const { options, output } = call
  const { genesisFile } = options
  const trust = genesisOf(options.trust)
  const bytes = await readBytes(path, '--evidence', 'Name one that `coldmesh evidence --out` wrote.')
  const genesis =
    genesisFile === undefined
      ? undefined
      : await readBytes(genesisFile, '--genesis-file', 'Name the OUT.genesis.cbor that `coldmesh export` wrote.')
  const { verifyEvidence } = await import('coldmesh/history')
  const alone = verifyEvidence(bytes, defined({ trust, genesis }))
  const report = alone.proven && genesis === undefined ? await againstCommittee(bytes, alone, call) : alone
  output.result(report, () => formatEvidence(report, output.colors))
  return report.proven ? EXIT.done : EXIT.notValid
}

async function againstCommittee(
  bytes: Uint8Array,
  alone: EvidenceReport,
  { options, signal }: VerifyCall,
): Promise<EvidenceReport> {
  const { dir } = options
  if (dir === undefined || !existsSync(dir)) return alone
  const { readConfig } = await import('coldmesh/history')
  if ((await readConfig(resolve(dir)))?.network !== alone.network) return alone
  await using history = await openHistorySource(resolve(dir), signal)
  return await history.verifyEvidence(bytes)
}

async function readBytes(path: string, option: string, hint: string): Promise<Uint8Array> {
  try {
    await using file = await open(resolve(path), 'r')
    const status = await file.stat()
    if (!status.isFile()) throw new CliError('bad-input', `${path} is not a file.`, { hint })
    if (status.size > MAX_FILE_BYTES) {
      throw new CliError('bad-input', `${path} is too long for ${option}.`, { hint })
    }
    return new Uint8Array(await file.readFile())
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('bad-input', `${path} cannot be read.`, { hint: `Check ${option} FILE.`, cause })
  }
}
