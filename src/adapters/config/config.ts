import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ColdmeshError } from '../../ports/errors.ts'

const VERSION = 1
const NAME = 'config.json'

const schema = z.strictObject({
  version: z.number().int(),
  /** What others may call this peer. */
  name: z.string().max(64).default(''),
  /** Genesis CID, once known. */
  network: z.string().max(128).nullable().default(null),
  listen: z.array(z.string().max(256)).max(16).default([]),
  /** Multiaddrs to dial at every start. */
  peers: z.array(z.string().max(256)).max(64).default([]),
  /** Envelope of a member's voucher for this peer's key, hex. */
  voucher: z.string().max(1024).nullable().default(null),
})

export type Config = z.infer<typeof schema>

export const EMPTY_CONFIG: Config = { version: VERSION, name: '', network: null, listen: [], peers: [], voucher: null }

export function configPath(dataDir: string): string {
  return join(dataDir, NAME)
}

/**
 * The data directory's config; null when there is none.
 * @throws ColdmeshError `bad-input` when it is damaged, `unsupported` when a newer version wrote it
 */
export async function readConfig(dataDir: string): Promise<Config | null> {
  const path = configPath(dataDir)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new ColdmeshError('refused', `${path} cannot be read.`, { cause: error, hint: 'Check its permissions.' })
  }
  return parseConfig(path, text)
}

function parseConfig(path: string, text: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ColdmeshError('bad-input', `${path} is not JSON.`, {
      cause: error,
      hint: 'Mend it, or delete it and run `coldmesh init` again; the key stays.',
    })
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > VERSION) {
    throw new ColdmeshError('unsupported', `${path} was written by a newer coldmesh (format ${version}).`, {
      hint: 'Update coldmesh.',
    })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ColdmeshError('bad-input', `${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is wrong'}.`, {
    hint: 'Mend the file.',
  })
}

export function formatConfig(config: Config): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)
}
