import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clipping, encodeNorm } from '../../../protocols/lineage/clipping.ts'
import { parseLayout } from '../../../src/checkpoint/layout.ts'
import { fuseCheckpoints } from '../../../src/fusion/fuse.ts'
import { validateCheckpoint } from '../../../src/fusion/validate.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'

interface Stated {
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
  readonly rows?: readonly number[]
}

/**
 * The TypeScript side of cross_check.py: `node fuse-cases.ts DIR` fuses every case folder of DIR
 * (rule.json, base.safetensors, 00.safetensors, 01.safetensors, ..., NN.parent beside late ones) into ours.safetensors, or writes why not into refused.txt.
 */
const root = process.argv[2]
if (root === undefined) throw new Error('usage: node fuse-cases.ts DIR')

/** Chunks that are shorter, longer and out of step with the windows. */
const CHUNK_BYTES = [1_048_576, 65_536, 4093, 1_500_001, 509]

for (const [index, name] of (await readdir(root)).sort().entries()) {
  const folder = join(root, name)
  try {
    await writeFile(
      join(folder, 'ours.safetensors'),
      await fuseCase(folder, CHUNK_BYTES[(index + Math.floor(index / 10)) % CHUNK_BYTES.length] ?? 1),
    )
  } catch (error) {
    if (!isColdmeshError(error)) throw error
    await writeFile(join(folder, 'refused.txt'), `${error.code}: ${error.message}\n`)
  }
}

async function fuseCase(folder: string, chunkBytes: number): Promise<Uint8Array> {
  const read = (name: string) => createReadStream(join(folder, name), { highWaterMark: chunkBytes })
  const names = (await readdir(folder)).filter((name) => /^\d+\.safetensors$/.test(name)).sort()
  const baseBytes = await readFile(join(folder, 'base.safetensors'))
  const layout = parseLayout(baseBytes, baseBytes.length)
  let rejected = 0
  const parentOf = (name: string) => {
    const parent = name.replace('.safetensors', '.parent')
    return existsSync(join(folder, parent)) ? parent : null
  }
  for (const name of names) {
    const parent = parentOf(name)
    const files = { base: read('base.safetensors'), checkpoint: read(name), ...(parent && { parent: read(parent) }) }
    const verdict = await validateCheckpoint({ layout, ...files })
    if (!verdict.ok) rejected++
  }
  const opener = (name: string) => () => read(name)
  const chunks: Uint8Array[] = []
  const found: Clipping[] = []
  try {
    for await (const chunk of fuseCheckpoints({
      ...(JSON.parse(await readFile(join(folder, 'rule.json'), 'utf8')) as Stated),
      layout,
      base: opener('base.safetensors'),
      inputs: names.map(opener),
      parents: names.map((name) => {
        const parent = parentOf(name)
        return parent === null ? null : opener(parent)
      }),
      onClipping: (clipping) => found.push(clipping),
    })) {
      chunks.push(chunk)
    }
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint') && rejected === 0)
      throw new Error(`${folder}: fused nothing, rejected nothing`)
    throw error
  }
  if (rejected > 0) throw new Error(`${folder}: fused what validation rejects`)
  const [clipping] = found
  const norms = clipping?.norms.map((norm) => Buffer.from(encodeNorm(norm)).toString('hex'))
  await writeFile(join(folder, 'clipping.json'), JSON.stringify(clipping ? { ...clipping, norms } : null))
  return Buffer.concat(chunks)
}
