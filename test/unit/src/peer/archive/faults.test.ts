import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { writeArchive } from '../../../../../src/peer/archive/write.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { archiveOptions, smallChain } from '../../../../support/archive/small-archive.ts'
import { killEverywhere, memoryDirectory } from '../../../../support/disk/killed.ts'
import { mountSmallDisk } from '../../../../support/disk/small-disk.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { temporaryFolder } from '../../../../support/node/cli.ts'

let chain: TestChain
before(async () => {
  chain = await smallChain(1)
})

const write = (folder: string) =>
  writeArchive({ ...archiveOptions(chain, 'everything'), file: join(folder, 'base.car') })

describe('an archive that is written', () => {
  // docs/reliability.md: fault 47.
  it('is there as a whole or not at all when its writer is killed at any step', async () => {
    await using scratch = await memoryDirectory()
    const [directory, whole] = [join(scratch.path, 'start'), join(scratch.path, 'whole')]
    for (const made of [directory, whole]) await mkdir(made)
    await write(whole)
    const expected = await readFile(join(whole, 'base.car'))
    const labels = await killEverywhere({
      ...{ directory, scratch: scratch.path, work: write, isTorn: false },
      async check({ directory: left, when, isDone }) {
        const isHere = existsSync(join(left, 'base.car'))
        if (isHere) assert.ok(expected.equals(await readFile(join(left, 'base.car'))), when)
        assert.ok(isHere || !isDone, when)
        if (isHere) return
        await write(left)
        assert.ok(expected.equals(await readFile(join(left, 'base.car'))), when)
        assert.deepEqual(
          (await readdir(left)).sort(),
          ['base.car', 'base.car.idx'],
          `${when}: nothing is left beside it`,
        )
      },
    })
    assert.ok(labels.length > 6, labels.join())
  })

  // docs/reliability.md: fault 45.
  it('leaves nothing behind on a full disk, and is written once there is room', async (t) => {
    const folder = temporaryFolder('full archive')
    t.after(folder.remove)
    await using disk = await mountSmallDisk(join(folder.path, 'disk'), 1)
    await disk.fill()
    await assert.rejects(write(disk.path), (error) => isColdmeshError(error, 'refused'))
    assert.deepEqual(await readdir(disk.path), ['ballast'])
    await disk.free()
    await write(disk.path)
    assert.deepEqual((await readdir(disk.path)).sort(), ['base.car', 'base.car.idx'])
  })
})
