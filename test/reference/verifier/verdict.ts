import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyArchiveFile } from '../../../src/peer/archive/verify.ts'
import type { VerifyLevel, VerifyReport } from '../../../src/peer/types.ts'

export type Verdict = Pick<VerifyReport, 'valid' | 'certified' | 'trusted' | 'trust' | 'rounds' | 'failures'>

interface Question {
  readonly level: VerifyLevel
  /** CID of a genesis. */
  readonly trust?: string
  /** Keys of members, in hex. */
  readonly keys?: readonly string[]
  /** A seed in hex and a number of leaves. */
  readonly sample?: readonly [string, number]
}

const scratch = mkdtempSync(join(tmpdir(), 'coldmesh-archives-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** What `coldmesh verify` says about an archive of these bytes. */
export async function verdictOf(bytes: Uint8Array, { level, trust, keys, sample }: Question): Promise<Verdict> {
  const file = join(scratch, 'archive.car')
  writeFileSync(file, bytes)
  return await verifyArchiveFile(file, {
    ...{ level, threads: 0 },
    ...(level === 'sample' && sample !== undefined ? { sampleSeed: sample[0], leaves: sample[1] } : {}),
    ...(trust === undefined ? {} : { trust }),
    ...(keys === undefined ? {} : { trustKeys: keys }),
  })
}
