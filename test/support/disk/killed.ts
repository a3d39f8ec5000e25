import { constants, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountSmallDisk } from './small-disk.ts'
import { labelOf, watchDisk } from './steps.ts'

/** Where a process died. */
export interface Death {
  /** A copy, in which the work was done up to there. */
  readonly directory: string
  /** For messages. */
  readonly when: string
  /** The work was over: nothing was cut off. */
  readonly isDone: boolean
}

export interface KillOptions {
  /** Is left as it is. */
  readonly directory: string
  /** Where copies are made. */
  readonly scratch: string
  /** Without anything that outlives it: who dies closes nothing. */
  readonly work: (directory: string) => Promise<unknown>
  readonly check: (death: Death) => Promise<void>
  /** Also in the middle of each write; default true. */
  readonly isTorn?: boolean
}

/**
 * Does the work again and again on a copy of a directory, each time one step more of it; whatever the process does to its files after that
 * step has no effect, as after kill -9.
 * @returns the labels of its steps
 */
export async function killEverywhere(options: KillOptions): Promise<readonly string[]> {
  const { directory, scratch, work, check } = options
  for (let count = 0; ; count++) {
    for (const isTorn of [false, true]) {
      const copy = join(scratch, `${count}${isTorn ? ' torn' : ''}`)
      await cp(directory, copy, { recursive: true, mode: constants.COPYFILE_FICLONE })
      const died = await dieAfter(count, { directory: copy, work, isTorn })
      const { isDone } = died
      const when = `after ${count} steps (last: ${died.labels.at(-1)})${isTorn ? ', in the middle of the next' : ''}`
      await check({ directory: copy, when, isDone })
      await rm(copy, { recursive: true, force: true })
      if (isDone) return died.labels
      if (!died.isWrite || options.isTorn === false) break
    }
  }
}

async function dieAfter(
  count: number,
  { directory, work, isTorn }: Pick<KillOptions, 'directory' | 'work'> & { readonly isTorn: boolean },
): Promise<{ readonly labels: readonly string[]; readonly isDone: boolean; readonly isWrite: boolean }> {
  const labels: string[] = []
  let isDead = false
  let isWrite = false
  const unwatch = await watchDisk(directory, async (step, perform) => {
    if (!isDead && labels.length < count) {
      labels.push(labelOf(step))
      return await perform()
    }
    if (!isDead && step.bytes !== undefined && step.bytes.length > 1) {
      isWrite = true
      if (isTorn) await perform(step.bytes.subarray(0, Math.ceil(step.bytes.length / 2)))
    }
    isDead = true
    throw new Error('killed')
  })
  try {
    await work(directory)
  } catch (error) {
    if (!isDead) throw error
  } finally {
    unwatch()
  }
  return { labels, isDone: !isDead, isWrite }
}

/** For many copies: what no power cut is to survive needs no disk. */
export async function memoryDirectory(megabytes = 256): Promise<{ readonly path: string } & AsyncDisposable> {
  return await mountSmallDisk(await mkdtemp(join(tmpdir(), 'coldmesh-kills-')), megabytes)
}
