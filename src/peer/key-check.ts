import { readFile } from 'node:fs/promises'
import { toHex } from '../../protocols/wire/bytes.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { diskError, systemCode } from '../ports/disk-refusal.ts'
import { ColdmeshError } from '../ports/errors.ts'

/**
 * Any 32 bytes are a key: with one bit flipped, a peer would be somebody else and nobody would say so. So the public key stands
 * beside it, and both must belong together. Written where it is missing.
 * @throws ColdmeshError `refused`, naming both keys
 */
export async function requireKeyMatches(path: string, key: Uint8Array): Promise<void> {
  const beside = `${path}.pub`
  const stated = await readStated(beside)
  if (stated === null) await writeFileAtomic(beside, new TextEncoder().encode(`${toHex(key)}\n`))
  if (stated === null || stated === toHex(key)) return
  throw new ColdmeshError(
    'refused',
    `One of ${path} and ${beside} is damaged: the key is that of ${toHex(key)}, not of ${stated}.`,
    {
      facts: { path, key: toHex(key), stated },
      hint: `If the others know you as ${toHex(key)} (coldmesh status of a member names the committee), delete ${beside}. Otherwise restore the key from its backup.`,
    },
  )
}

async function readStated(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'latin1')).trim()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw diskError(error, 'read', path)
  }
}
