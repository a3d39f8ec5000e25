import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fuseModels } from '../../../../src/peer/fuse-models.ts'
import { importModel } from '../../../../src/peer/import.ts'
import { killEverywhere, memoryDirectory } from '../../../support/disk/killed.ts'
import { looseFile, positionIds, randomBody, rawFloats, writeModel } from '../../../support/import/write-model.ts'

async function contentOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(directory)
  const contents = names.map(async (name) => [name, await readFile(join(directory, name), 'base64')] as const)
  return Object.fromEntries(await Promise.all(contents))
}

async function writeModels(directory: string): Promise<readonly string[]> {
  return await Promise.all(
    [1, 2].map((seed) => {
      const tensors = [positionIds(), ...randomBody(seed).map((tensor) => rawFloats(tensor))]
      return writeModel(join(directory, `model-${seed}`), { 'model.safetensors': looseFile(tensors) })
    }),
  )
}

/** Kills the command at every step, and gives the command again. */
async function tryEveryStep(command: (directory: string, models: readonly string[]) => Promise<unknown>, name: string) {
  await using scratch = await memoryDirectory()
  const models = await writeModels(scratch.path)
  const [directory, whole] = [join(scratch.path, 'start'), join(scratch.path, 'whole')]
  for (const made of [directory, whole]) await mkdir(made)
  const result = await command(whole, models)
  const expected = await contentOf(join(whole, name))
  const kept = (await readdir(whole)).toSorted()
  const labels = await killEverywhere({
    ...{ directory, scratch: scratch.path, isTorn: false },
    work: (path) => command(path, models),
    async check({ directory: left, when, isDone }) {
      const isHere = existsSync(join(left, name))
      if (isHere) assert.deepEqual(await contentOf(join(left, name)), expected, when)
      assert.ok(isHere || !isDone, when)
      // Its user deletes what is there, or is content with it.
      if (isHere) return
      const again = await command(left, models)
      assert.deepEqual(again, JSON.parse(JSON.stringify(result).replaceAll(whole, left)), when)
      assert.deepEqual(await contentOf(join(left, name)), expected, when)
      assert.deepEqual((await readdir(left)).toSorted(), kept, `${when}: nothing half made is left beside it`)
    },
  })
  return labels
}

// docs/reliability.md: fault 47.
describe('a command that is killed at any step', () => {
  it('of an import leaves a base or none, and is given again', async () => {
    const labels = await tryEveryStep(
      (path, [model = '']) => importModel({ dataDir: join(path, 'peer'), directory: model, out: join(path, 'base') }),
      'base',
    )
    assert.ok(labels.length > 30, labels.join())
  })

  it('of a fusion leaves a model or none, and is given again', async () => {
    const labels = await tryEveryStep(
      (path, inputs) => fuseModels({ inputs, rule: 'mean/1', params: {}, out: join(path, 'fused'), workers: 1 }),
      'fused',
    )
    assert.ok(labels.length > 10, labels.join())
  })
})
