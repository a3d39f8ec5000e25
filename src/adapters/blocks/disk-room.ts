import { readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { DiskUse } from '../../ports/retention.ts'
import { DEFAULT_DISK_MARGIN_BYTES } from './limits.ts'

/** What the blocks take of the disk, and what they may. */
export interface DiskRoom {
  /**
   * Room for a file: until disposed it counts as written, whatever of it is.
   * @throws ColdmeshError `refused` when it doesn't fit into the budget, or onto the disk
   */
  reserve(path: string, bytes: number): Disposable
  readonly use: DiskUse
}

/** @param budgetBytes null for as much as the disk has */
export function diskRoom(directory: string, budgetBytes: number | null): DiskRoom {
  const reserved = new Map<string, number>()

  function measure(): { readonly usedBytes: number; readonly promisedBytes: number } {
    let usedBytes = 0
    let promisedBytes = 0
    for (const bytes of reserved.values()) promisedBytes += bytes
    for (const path of filesBelow(directory)) {
      const written = bytesOnDisk(path)
      usedBytes += written
      promisedBytes -= Math.min(written, reserved.get(path) ?? 0)
    }
    return { usedBytes, promisedBytes }
  }

  return {
    reserve(path, bytes) {
      reserved.set(path, bytes)
      const release = { [Symbol.dispose]: () => void reserved.delete(path) }
      const { usedBytes, promisedBytes } = measure()
      const freeBytes = freeOf(directory)
      const facts = { path: directory, bytes, usedBytes, promisedBytes, budgetBytes, freeBytes }
      try {
        if (budgetBytes !== null && usedBytes + promisedBytes > budgetBytes) throw overBudget(facts, budgetBytes)
        if (freeBytes !== null && promisedBytes + DEFAULT_DISK_MARGIN_BYTES > freeBytes)
          throw diskFull(facts, freeBytes)
      } catch (error) {
        release[Symbol.dispose]()
        throw error
      }
      return release
    },
    get use() {
      return { usedBytes: measure().usedBytes, budgetBytes, freeBytes: freeOf(directory) }
    },
  }
}

interface Need {
  readonly path: string
  /** Of the file that there should be room for. */
  readonly bytes: number
  readonly usedBytes: number
  /** Of files under way, this one too, what is not written yet. */
  readonly promisedBytes: number
  readonly budgetBytes: number | null
  readonly freeBytes: number | null
}

function overBudget(need: Need, budgetBytes: number): ColdmeshError {
  const { bytes, usedBytes, promisedBytes } = need
  const text = `A file of ${size(bytes)} does not fit: with it blocks would take ${size(usedBytes + promisedBytes)} of the disk budget of ${size(budgetBytes)}; ${size(usedBytes)} are used.`
  return new ColdmeshError('refused', text, {
    facts: { ...need },
    hint: 'Keep fewer rounds (--keep-rounds N) or allow more (--disk-budget BYTES). It is tried again when there is room.',
  })
}

function diskFull(need: Need, freeBytes: number): ColdmeshError {
  const { path, bytes, promisedBytes } = need
  const text = `A file of ${size(bytes)} does not fit on the disk of ${path} (ENOSPC): ${size(promisedBytes + DEFAULT_DISK_MARGIN_BYTES)} are needed with what is under way, ${size(freeBytes)} are free.`
  return new ColdmeshError('refused', text, {
    facts: { ...need, system: 'ENOSPC' },
    hint: 'The disk is full: free some space or keep fewer rounds (--keep-rounds N). It is tried again when there is room.',
  })
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    return orNothing(error, [])
  }
}

/** A file that is brought here has holes. */
function bytesOnDisk(path: string): number {
  try {
    return statSync(path).blocks * 512
  } catch (error) {
    return orNothing(error, 0)
  }
}

/** Null where the file system doesn't say, or the folder isn't made yet. */
function freeOf(directory: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch (error) {
    return orNothing(error, null)
  }
}

function orNothing<T>(error: unknown, nothing: T): T {
  if (systemCode(error) === undefined) throw error
  return nothing
}
