import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EvidenceReport } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatEvidence } from '../text/evidence.ts'
import { dirOf } from './data-dir.ts'
import { readGiven } from './given-file.ts'
import { openHistorySource } from './history.ts'
import { genesisOf } from './trust.ts'

/** No evidence and no genesis is longer. */
const MAX_FILE_BYTES = 64 * 1024
const EVIDENCE_FILE = {
  maxBytes: MAX_FILE_BYTES,
  what: 'evidence',
  hint: 'Name one that `coldmesh evidence --out` wrote: --evidence FILE.',
}
const GENESIS_FILE = {
  maxBytes: MAX_FILE_BYTES,
  what: 'a genesis',
  hint: 'Name the OUT.genesis.cbor that `coldmesh export` wrote: --genesis-file FILE.',
}

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
  const bytes = readGiven(path, EVIDENCE_FILE)
  const genesis = genesisFile === undefined ? undefined : readGiven(genesisFile, GENESIS_FILE)
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
