import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../protocols/wire/bytes.ts'
import { type Config, configPath, EMPTY_CONFIG, formatConfig, readConfig } from '../adapters/config/config.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { createKey, readKey } from '../adapters/files/key-file.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** Where things are in a data directory. */
export const paths = {
  key: (dir: string) => join(dir, 'key'),
  journal: (dir: string) => join(dir, 'journal'),
  chain: (dir: string) => join(dir, 'chain'),
  blocks: (dir: string) => join(dir, 'blocks'),
  datastore: (dir: string) => join(dir, 'datastore'),
  heads: (dir: string) => join(dir, 'heads'),
  reports: (dir: string) => join(dir, 'reports'),
}

/** `coldmesh` in the platform's data folder. */
export function defaultDataDir(): string {
  const { env, platform } = process
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'coldmesh')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'coldmesh')
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'coldmesh')
}

/**
 * Creates key, journal and config; leaves what is there as it is.
 * @returns the public key (hex), and whether it is new
 * @throws ColdmeshError `refused`
 */
export async function initDataDir(
  dir: string,
  options: { name?: string } = {},
): Promise<{ key: string; created: boolean }> {
  const created = !existsSync(paths.key(dir))
  if (created && existsSync(paths.journal(dir))) {
    throw new ColdmeshError('refused', `${dir} has a journal but no key.`, {
      hint: 'Restore the key from its backup, or choose an empty directory for a new peer.',
    })
  }
  await mkdirOrRefuse(dir)
  if (created) {
    // The journal first: a key that has none is a key restored from a copy, and stays silent for a while.
    await (await openJournal(paths.journal(dir))).close()
    await createKey(paths.key(dir))
  }
  const config = await readConfig(dir)
  if (!config) await writeConfig(dir, { ...EMPTY_CONFIG, name: options.name ?? '' })
  else if (options.name !== undefined && config.name !== options.name)
    await writeConfig(dir, { ...config, name: options.name })
  const seed = await readKey(paths.key(dir))
  return { key: toHex(createSigner(seed).key), created }
}

async function mkdirOrRefuse(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ColdmeshError('refused', `The data directory ${dir} cannot be made.`, {
      cause: error,
      hint: 'Name another one with --dir, or mend its permissions.',
    })
  }
}

export async function writeConfig(dir: string, config: Config): Promise<void> {
  await writeFileAtomic(configPath(dir), formatConfig(config))
}

/** The config of a data directory that must exist. @throws ColdmeshError `bad-input` */
export async function requireConfig(dir: string): Promise<Config> {
  const config = await readConfig(dir)
  if (config) return config
  throw new ColdmeshError('bad-input', `${dir} is not a data directory of coldmesh.`, {
    hint: 'Name it with --dir, or create one: coldmesh init.',
  })
}
