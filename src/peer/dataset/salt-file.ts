import { randomBytes } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { readKey } from '../../adapters/files/key-file.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { datasetSalt, MIN_SALT_BYTES } from '../../training/commitment.ts'

/** The salt of one dataset, in hexadecimal. */
const MAX_SALT_FILE_BYTES = 1024
const NEW_SALT_BYTES = 32
const OWNER_ONLY = 0o600

/** @throws ColdmeshError `bad-input` for a file that is none, `refused` for one that can't be read */
export async function readSalt(path: string): Promise<Uint8Array> {
  const salt = await findSalt(path)
  if (salt !== null) return salt
  throw new ColdmeshError('bad-input', `There is no salt at ${path}.`, {
    facts: { path },
    hint: 'Name the file that coldmesh data commit --salt made.',
  })
}

/**
 * The salt to commit to a dataset with: the one in a file, the one that a data directory's peer contributes with, or a new one. Where a file is
 * named and not there, it is made, for its owner alone.
 *
 * @param options.dir data directory; only its key is read
 * @throws ColdmeshError `bad-input` when file and data directory have different salts; `refused`
 */
export async function saltFor(
  name: string,
  { dir, file }: { readonly dir: string | undefined; readonly file: string | undefined },
): Promise<Uint8Array> {
  const own = dir === undefined ? null : datasetSalt(await readKey(join(dir, 'key')), name)
  const written = file === undefined ? null : await findSalt(file)
  if (own !== null && written !== null && Buffer.compare(own, written) !== 0) {
    throw new ColdmeshError('bad-input', `${file} is not the salt that ${dir} has for ${JSON.stringify(name)}.`, {
      hint: 'Name one of the two, or the task that the file was made for: --task NAME.',
    })
  }
  const salt = written ?? own ?? new Uint8Array(randomBytes(NEW_SALT_BYTES))
  if (file !== undefined && written === null) await writeSalt(file, salt)
  return salt
}

/** Null when there is no such file. */
async function findSalt(path: string): Promise<Uint8Array | null> {
  const text = await readStart(path)
  if (text === null) return null
  const salt = text.length > MAX_SALT_FILE_BYTES ? null : fromHex(text.trim())
  if (salt !== null && salt.length >= MIN_SALT_BYTES) return salt
  throw new ColdmeshError('bad-input', `${path} is not a salt: at least ${MIN_SALT_BYTES * 2} hex digits.`, {
    facts: { path },
    hint: 'Name the file that coldmesh data commit --salt made.',
  })
}

async function readStart(path: string): Promise<string | null> {
  try {
    await using file = await open(path, 'r')
    const buffer = Buffer.alloc(MAX_SALT_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw diskError(error, 'read', path)
  }
}

async function writeSalt(path: string, salt: Uint8Array): Promise<void> {
  try {
    await writeFile(path, `${toHex(salt)}\n`, { flag: 'wx', mode: OWNER_ONLY, flush: true })
  } catch (error) {
    throw diskError(error, 'write', path)
  }
}
