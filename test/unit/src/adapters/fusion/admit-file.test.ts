import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { admitFile } from '../../../../../src/adapters/fusion/admit-file.ts'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import { LEAF_BYTES } from '../../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'

const layout = encodeLayout([
  { name: 'ids', dtype: 'I64', shape: [5] },
  { name: 'large', dtype: 'F32', shape: [700_003] },
  { name: 'brain', dtype: 'BF16', shape: [300_007] },
  { name: 'half', dtype: 'F16', shape: [900_001] },
])
const NAN = { F32: [0, 0, 0xc0, 0x7f], BF16: [0x80, 0xff], F16: [0, 0x7c] }

function content(): Buffer {
  const file = Buffer.alloc(layout.totalBytes)
  file.set(layout.header)
  for (let at = layout.dataStart; at < file.length; at += 977) file[at] = 0x11
  return file
}

describe('admitting a file', () => {
  it('gives the digests of its leaves, and a copy', async () => {
    await using directory = await temporaryDirectory()
    const [path, out] = [join(directory.path, 'file'), join(directory.path, 'out')]
    const file = content()
    await writeFile(path, file)
    await writeFile(out, '')
    const expected: Buffer[] = []
    for (let at = 0; at < file.length; at += LEAF_BYTES)
      expected.push(hash('sha256', file.subarray(at, at + LEAF_BYTES), 'buffer'))
    assert.ok(expected.length > 4, 'more leaves than are in memory')
    for (const usesKernels of [true, false])
      assert.deepEqual(
        Buffer.from((await admitFile({ layout, path, out, usesKernels })) ?? []),
        Buffer.concat(expected),
      )
    assert.ok((await readFile(out)).equals(file))
  })

  it('takes no value that is not finite, wherever it is; integers may have any bits', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    for (const { name, dtype, begin, end } of layout.tensors) {
      const width = { I64: 8, F32: 4 }[dtype as string] ?? 2
      const last = end - begin - width
      const bits = NAN[dtype as keyof typeof NAN] ?? Array(8).fill(0xff)
      const edge = Math.ceil((layout.dataStart + begin) / LEAF_BYTES) * LEAF_BYTES - layout.dataStart - begin
      for (const at of new Set([0, last, last - 16 * width, edge - width, edge])) {
        if (at < 0 || at > last) continue
        const file = content()
        file.set(bits, layout.dataStart + begin + at)
        await writeFile(path, file)
        for (const usesKernels of [true, false]) {
          const digests = await admitFile({ layout, path, out: null, usesKernels })
          assert.equal(digests === null, dtype !== 'I64', `${name} at ${at}`)
        }
      }
    }
  })

  it('says when the file is shorter than it was', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    await writeFile(path, content())
    await truncate(path, layout.totalBytes - 1)
    await assert.rejects(admitFile({ layout, path, out: null }), (error) => isColdmeshError(error, 'bad-checkpoint'))
  })
})
