import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../adapters/files/atomic.ts'
import { parseKuboAddress } from '../../adapters/kubo/address.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/** Which Kubo node has the blocks of a data directory, and by which name. */
export interface KuboPlace {
  /** `kubo:` and where its RPC API is; may have a password. */
  readonly address: string
  /** Names this peer's pins. */
  readonly id: string
}

const NAME = 'kubo.json'
/** The address may have a password. */
const MODE = 0o600
const ID_BYTES = 8
const ID = /^[0-9a-f]{16}$/

/**
 * Where the blocks of a folder are, once that was said: every later command finds them there.
 * @param dir the folder for blocks
 * @param given an address to use from now on
 * @returns null when they are in the folder itself
 * @throws ColdmeshError `bad-input`, `refused` (disk)
 */
export async function kuboPlaceOf(dir: string, given: string | undefined): Promise<KuboPlace | null> {
  if (given !== undefined) parseKuboAddress(given)
  const kept = await readPlace(dir)
  if (given === undefined || given === kept?.address) return kept
  return { address: given, id: kept?.id ?? randomBytes(ID_BYTES).toString('hex') }
}

/** Once the node has answered: a wrong address is not kept. @throws ColdmeshError `refused` (disk) */
export async function rememberKubo(dir: string, place: KuboPlace): Promise<void> {
  const kept = await readPlace(dir)
  if (kept?.address === place.address && kept.id === place.id) return
  await writeFileAtomic(join(dir, NAME), new TextEncoder().encode(`${JSON.stringify(place)}\n`), { mode: MODE })
}

async function readPlace(dir: string): Promise<KuboPlace | null> {
  const path = join(dir, NAME)
  try {
    return parsePlace(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new ColdmeshError('bad-input', `${path} cannot be read.`, {
      hint: 'It says which Kubo node has the blocks. Delete it, and start with --ipfs kubo:ADDRESS again.',
      cause: error,
    })
  }
}

function parsePlace(value: unknown): KuboPlace {
  if (typeof value === 'object' && value !== null && 'address' in value && 'id' in value) {
    const { address, id } = value
    if (typeof address === 'string' && typeof id === 'string' && ID.test(id)) return { address, id }
  }
  throw new Error('not as it was written')
}
