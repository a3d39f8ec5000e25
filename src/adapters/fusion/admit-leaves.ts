import { hash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { DIGEST_BYTES, leafBytes, leafCount } from '../../checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Job, Work } from './job.ts'
import { readWhole } from './read-files.ts'
import { createValidator } from './validate-leaves.ts'

/** Checks, hashes and copies a file leaf by leaf, each while it is in the cache. */
export function createAdmission(job: Job & { kind: 'admit' }): Work {
  const { layout, files, out } = job
  const bytes = layout.totalBytes
  const digests = new Uint8Array(job.digests)
  const buffer = new Uint8Array(LEAF_BYTES)
  const [file = -1] = files.inputs
  const validator = createValidator({ ...job, kind: 'validate' })
  return {
    units: leafCount(bytes),
    run(leaf) {
      const [offset, block] = [leaf * LEAF_BYTES, buffer.subarray(0, leafBytes({ bytes }, leaf))]
      if (!readWhole(file, block, offset)) {
        throw new ColdmeshError('bad-checkpoint', 'A file became shorter while it was read.')
      }
      digests.set(hash('sha256', block, 'buffer'), leaf * DIGEST_BYTES)
      if (out !== null)
        for (let at = 0; at < block.length; ) at += writeSync(out, block, at, block.length - at, offset + at)
      validator.run(leaf)
    },
    end: validator.end,
  }
}
