import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../protocols/wire/bytes.ts'
import { type Config, configPath, EMPTY_CONFIG, formatConfig, readConfig } from '../adapters/config/config.ts'
import { makeDirectory, sweepTemporary, writeFileAtomic } from '../adapters/files/atomic.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { createKey, readKey } from '../adapters/files/key-file.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { requireKeyMatches } from './key-check.ts'

/** Where things are in a data directory. */
export const paths = {
  key: (dir: string) => join(dir, 'key'),
  exportKey: (dir: string) => join(dir, 'export-key.pem'),
  journal: (dir: string) => join(dir, 'journal'),
  chain: (dir: string) => join(dir, 'chain'),
  blocks: (dir: string) => join(dir, 'blocks'),
  datastore: (dir: string) => join(dir, 'datastore'),
  heads: (dir: string) => join(dir, 'heads'),
  reports: (dir: string) => join(dir, 'reports'),
  fork: (dir: string) => join(dir, 'fork.certificate.cbor'),
  amendments: (dir: string) => join(dir, 'amendments'),
  snapshots: (dir: string) => join(dir, 'snapshots'),
  mismatches: (dir: string) => join(dir, 'mismatches'),
  weights: (dir: string) => join(dir, 'weights'),
  pinned: (dir: string) => join(dir, 'pinned'),
}

/** `coldmesh` in the platform's data folder. */
export function defaultDataDir(): string {
  const { env, platform } = process
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'coldmesh')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'coldmesh')
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'coldmesh')
}

/**
 * Creates key, journal and config; leaves what is there as it is, also what another process runs on.
 * @returns the public key (hex), and whether it is new
 * @throws ColdmeshError `refused`, `locked` when something is to be made and another process has the directory
 */
export async function initDataDir(
  dir: string,
  options: { name?: string } = {},
): Promise<{ key: string; created: boolean }> {
  let created = false
  if (!(await isComplete(dir, options.name))) {
    await mkdirOrRefuse(dir)
    await using _ = await lockDirectory(dir)
    created = await makeKey(dir)
    const config = await readConfig(dir)
    const name = options.name ?? config?.name ?? ''
    if (config?.name !== name) await writeConfig(dir, { ...(config ?? EMPTY_CONFIG), name })
  }
  const { key } = createSigner(await readKey(paths.key(dir)))
  if (created) await requireKeyMatches(paths.key(dir), key)
  return { key: toHex(key), created }
}

async function isComplete(dir: string, name: string | undefined): Promise<boolean> {
  if (!existsSync(paths.key(dir))) return false
  const config = await readConfig(dir)
  return config !== null && (name === undefined || config.name === name)
}

/** The journal first: a key that has none is a key restored from a copy, and stays silent for a while. */
async function makeKey(dir: string): Promise<boolean> {
  if (existsSync(paths.key(dir))) return false
  const left = await traceOfPeer(dir)
  if (left !== null) {
    throw new ColdmeshError('refused', `${dir} has a ${left} but no key.`, {
      hint: 'Restore the key from its backup, or choose an empty directory for a new peer.',
    })
  }
  await (await openJournal(paths.journal(dir))).close()
  await createKey(paths.key(dir))
  return true
}

/**
 * What only a peer that had a key leaves behind: a new key beside it would be somebody else. No journal is made here: with an
 * empty one, a key restored later would speak at once.
 */
async function traceOfPeer(dir: string): Promise<'chain' | 'config' | 'journal' | null> {
  if (existsSync(paths.chain(dir))) return 'chain'
  if (existsSync(configPath(dir))) return 'config'
  if (!existsSync(paths.journal(dir))) return null
  const journal = await openJournal(paths.journal(dir))
  await journal.close()
  return journal.records.length > 0 ? 'journal' : null
}

/** Deletes what a crash left half written. Only for whoever holds the lock. */
export async function sweepDataDir(dir: string): Promise<void> {
  for (const folder of [dir, paths.heads(dir), paths.snapshots(dir), paths.mismatches(dir)])
    await sweepTemporary(folder)
}

async function mkdirOrRefuse(dir: string): Promise<void> {
  try {
    await makeDirectory(dir, 0o700)
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
