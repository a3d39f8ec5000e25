import { existsSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { openDirectory } from '../history/directory.ts'
import { type NetworkBefore, openBefore } from './before.ts'

/** A base with what proves it, wherever it lies; only read. */
export interface Source extends AsyncDisposable {
  readonly store: ContentStore
  readonly base: CID
  readonly genesisBytes: Uint8Array
  readonly certificate: Uint8Array
}

/** @throws ColdmeshError `bad-input` when it is not there, or has no certificate */
export async function openSource(of: string, fromDir: string | undefined, signal?: AbortSignal): Promise<Source> {
  await using cleanup = new AsyncDisposableStack()
  const before = fromDir === undefined ? null : cleanup.use(await openBefore(fromDir))
  const found = existsSync(of)
    ? await openExport(of, before?.store ?? null, signal)
    : await openStored(of, fromDir ?? '', before)
  const resources = cleanup.move()
  return { ...found, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

type Found = Omit<Source, keyof AsyncDisposable>

async function openExport(dir: string, fallback: ContentStore | null, signal: AbortSignal | undefined): Promise<Found> {
  const { store, base, bad, genesisBytes, certificate } = await openDirectory(dir, fallback, signal)
  const [wrong] = bad
  if (wrong !== undefined) throw notABase(dir, `${wrong.link}: ${wrong.reason}`)
  if (genesisBytes === null) throw notABase(dir, 'its genesis does not lie beside it')
  if (certificate === null) throw notABase(dir, 'its certificate does not lie beside it')
  return { store, base, genesisBytes, certificate }
}

function notABase(dir: string, why: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${dir} is no certified base: ${why}.`, {
    hint: '`coldmesh export CID --out DIR` writes DIR, DIR.certificate.cbor and DIR.genesis.cbor: keep the three together.',
  })
}

async function openStored(text: string, fromDir: string, before: NetworkBefore | null): Promise<Found> {
  const base = parseCid(text)
  if (base === null) {
    throw new ColdmeshError('bad-input', `"${text.slice(0, 80)}" is neither a directory that exists nor a CID.`, {
      hint: '`coldmesh log` of the network before prints the CIDs of its bases.',
    })
  }
  if (before === null) {
    throw new ColdmeshError('bad-input', 'It is not said which data directory has that base.', {
      hint: "Add --from-dir DIR, a data directory of the network before; --dir is the new network's.",
    })
  }
  const { network, store, entries } = before
  const entry = entries.find((candidate) => equalCids(candidate.base, base))
  if (network === null || entry === undefined) {
    throw new ColdmeshError('bad-input', `${text} is no certified base of ${fromDir}.`, {
      hint: '`coldmesh log` with that --dir prints the CIDs of its bases.',
    })
  }
  return { store, base, genesisBytes: await store.get(network), certificate: entry.certificate }
}
