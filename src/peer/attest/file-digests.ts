import { createHash } from 'node:crypto'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { openBase } from '../../checkpoint/base.ts'
import { readFile } from '../../checkpoint/unixfs.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { AttestedBase } from './attested-base.ts'

export interface FileDigest {
  readonly name: string
  readonly bytes: number
  /** Of the file's bytes, hex. */
  readonly sha256: string
}

/**
 * Hashes every file of a base, a leaf at a time, in the order of names. Each block is checked by its CID on the way.
 * @throws ColdmeshError `block-missing`, `block-corrupt`, `bad-checkpoint`, `aborted`
 */
export async function digestFiles({
  base,
  store,
}: Pick<AttestedBase, 'base' | 'store'>): Promise<readonly FileDigest[]> {
  const { files } = await openBase(base, store.get)
  const digests: FileDigest[] = []
  for (const { name, cid, bytes } of files) {
    const hash = createHash('sha256')
    let read = 0
    for await (const leaf of readFile(cid, store.get, { maxBytes: bytes })) {
      hash.update(leaf)
      read += leaf.length
    }
    if (read !== bytes) {
      throw new ColdmeshError('bad-checkpoint', `${name} has ${read} bytes, its directory states ${bytes}.`)
    }
    digests.push({ name, bytes, sha256: hash.digest('hex') })
  }
  // Names are ASCII, so this is also the order of other tools: by code point, and by the parts of a path.
  return digests.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** in-toto's dirHash, Go's Hash1 in hex: what `sha256sum * | sha256sum` prints in the directory, in the locale C. */
export function directoryHash(files: readonly FileDigest[]): string {
  const hash = createHash('sha256')
  for (const { name, sha256 } of files) hash.update(`${sha256}  ${name}\n`)
  return toHex(hash.digest())
}
