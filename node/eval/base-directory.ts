import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openHistorySource } from '../commands/history.ts'
import { cidText } from '../control/shapes.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'

export interface BaseDirectory extends AsyncDisposable {
  readonly path: string
}

/**
 * A base as a directory: one that is there, the shipped one when none is named, or one of the data directory by its CID, written aside until
 * it is disposed of.
 *
 * @throws CliError `bad-input`, and as openHistorySource
 */
export async function directoryOfBase(
  target: string | undefined,
  { dir, signal }: { readonly dir: () => string; readonly signal: AbortSignal },
): Promise<BaseDirectory> {
  const path = resolve(target ?? SHIPPED_BASE)
  if (existsSync(path) && statSync(path).isDirectory()) return { path, [Symbol.asyncDispose]: async () => {} }
  if (target === undefined || !cidText.safeParse(target).success) {
    throw new CliError('bad-input', `"${target}" is neither a directory that exists nor a CID.`, {
      hint: 'Name a Hugging Face model directory, or a base that `coldmesh log` prints.',
    })
  }
  const folder = await mkdtemp(join(tmpdir(), 'coldmesh-base-'))
  const dispose = () => rm(folder, { recursive: true, force: true })
  try {
    await using history = await openHistorySource(dir(), signal)
    const out = join(folder, 'base')
    await history.export(target, { out })
    return { path: out, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}
