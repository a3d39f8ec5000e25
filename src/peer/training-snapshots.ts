import { mkdir, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { type Dataset, type Examples, isStored } from '../ports/dataset.ts'
import type { Log } from '../ports/system.ts'
import type { TrainingPlan, TrainingSnapshot } from '../ports/trainer.ts'
import { commitmentRow } from '../training/commitment.ts'
import { paths } from './data-dir.ts'
import { MAX_SNAPSHOT_BYTES, readSnapshot, writeSnapshot } from './snapshot-file.ts'
import type { Troubles } from './troubles.ts'

/** Which training a snapshot is of. */
export interface TrainingKey {
  readonly round: number
  readonly base: string
  readonly task: string
  readonly plan: TrainingPlan
  readonly dataset: Dataset<Examples>
}

/** Snapshots of the round's trainings, so that a killed peer goes on instead of beginning anew. */
export interface TrainingSnapshots {
  /** Null when there is none; a damaged or foreign one is deleted and logged. */
  read(key: TrainingKey, trainer: string): Promise<TrainingSnapshot | null>
  /** Never throws, and one at a time: what comes while another is being written is dropped. */
  write(key: TrainingKey, snapshot: TrainingSnapshot): Promise<void>
  /** Deletes those of all rounds but this one. */
  keepOnly(round: number): Promise<void>
  remove(key: TrainingKey): Promise<void>
}

const SUFFIX = '.snapshot'

export function openTrainingSnapshots(options: {
  readonly dataDir: string
  readonly log: Log
  readonly troubles: Troubles
}): TrainingSnapshots {
  const { log, troubles } = options
  const folder = paths.snapshots(options.dataDir)
  const pathOf = (key: TrainingKey) => join(folder, `${key.round}-${nameOf(key)}${SUFFIX}`)
  let writing = false

  async function forget(path: string): Promise<void> {
    await unlink(path).catch(() => {})
  }

  return {
    read: async (key, trainer) => {
      const path = pathOf(key)
      try {
        return await readSnapshot(path, trainer)
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
        log.warn('snapshot-ignored', { round: key.round, error: String(error) })
        await forget(path)
        return null
      }
    },
    write: async (key, snapshot) => {
      if (writing) return
      if (snapshot.bytes.length > MAX_SNAPSHOT_BYTES) {
        log.info('snapshot-too-large', { bytes: snapshot.bytes.length })
        return
      }
      writing = true
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeSnapshot(pathOf(key), snapshot)
        troubles.over('snapshot')
      } catch (error) {
        // Training goes on; only a crash would cost more.
        troubles.report('snapshot', error)
      } finally {
        writing = false
      }
    },
    keepOnly: async (round) => {
      const names = await readdir(folder).catch(() => [])
      for (const name of names) if (!name.startsWith(`${round}-`)) await forget(join(folder, name))
      if (names.length > 0) troubles.over('snapshot')
    },
    remove: (key) => forget(pathOf(key)),
  }
}

function nameOf({ round, base, task, plan, dataset }: TrainingKey): string {
  const rows = [dataset.examples, dataset.validation ?? []].map(describeRows).join('\n')
  const facts = [round, base, task, plan, dataset.labels, dataset.examples.length, textHash(rows)]
  return textHash(JSON.stringify(facts)).slice(0, 32)
}

/** Of a file, that it is the same. */
function describeRows(examples: Examples): string {
  return isStored(examples) ? JSON.stringify(examples) : examples.map(commitmentRow).join('\n')
}

const textHash = (text: string) => toHex(sha256(new TextEncoder().encode(text)))
