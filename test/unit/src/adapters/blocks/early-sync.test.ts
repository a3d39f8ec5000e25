import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type BlockStore, openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { memoryDirectory } from '../../../../support/disk/killed.ts'
import { type DiskStep, watchDisk } from '../../../../support/disk/steps.ts'
import { leafyFile } from './leafy-file.ts'

/** More than is left for the end. */
const file = leafyFile(...Array.from({ length: 40 }, (_, leaf) => leaf))

/** @returns how many leaves were missing */
async function receive({ files }: BlockStore, durable: 'now' | 'soon'): Promise<number> {
  await using incoming = await files.receive(file, { durable })
  const { missing } = incoming
  for (const leaf of missing) await incoming.write(leaf, file.blocks[leaf] ?? new Uint8Array())
  await incoming.finish()
  return missing.length
}

const isOfWeights = ({ path }: DiskStep) => path.includes(String(file.root))

/** Fetches the file while `fails` says which steps the disk refuses. @returns what was done to the file of weights */
async function stepsOf(
  durable: 'now' | 'soon',
  fails: (step: DiskStep) => boolean = () => false,
): Promise<{
  readonly steps: readonly string[]
  readonly error: unknown
  /** When it was asked for again. */
  readonly missing: number
  readonly isRight: boolean
}> {
  await using scratch = await memoryDirectory()
  const directory = join(scratch.path, 'blocks')
  await mkdir(directory)
  const steps: string[] = []
  const unwatch = await watchDisk(directory, async (step, perform) => {
    if (isOfWeights(step)) steps.push(step.op)
    if (fails(step)) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    return await perform()
  })
  let error: unknown = null
  try {
    await using store = await openBlockStore(directory)
    await receive(store, durable).catch((thrown: unknown) => {
      error = thrown
    })
  } finally {
    unwatch()
  }
  await using store = await openBlockStore(directory)
  const missing = await receive(store, 'now')
  await using opened = await store.files.open(file.root)
  const isRight = opened !== null && (await readFile(opened.path)).equals(file.content)
  return { steps, error, missing, isRight }
}

// docs/reliability.md: fault 48.
describe('a file that comes', () => {
  it('goes to the disk meanwhile, where somebody waits for it to be durable', async () => {
    const { steps, error, missing, isRight } = await stepsOf('now')
    assert.deepEqual([error, missing, isRight], [null, 0, true])
    assert.ok(steps.indexOf('sync') < steps.lastIndexOf('write'), String(steps))
  })

  it('does not where it may become so later', async () => {
    const { steps, error, isRight } = await stepsOf('soon')
    assert.deepEqual([error, isRight], [null, true])
    assert.ok(!steps.slice(0, steps.lastIndexOf('write')).includes('sync'), String(steps))
  })

  it('is not finished when the disk failed meanwhile, though later syncs succeed, and comes again', async () => {
    let failed = 0
    const { error, missing, isRight } = await stepsOf(
      'now',
      (step) => isOfWeights(step) && step.op === 'sync' && failed++ === 0,
    )
    assert.ok(isColdmeshError(error, 'refused'), String(error))
    assert.match(`${error.message} ${error.hint}`, /EIO.*check it before going on/)
    assert.deepEqual([missing, isRight], [file.leaves.length, true])
  })
})
