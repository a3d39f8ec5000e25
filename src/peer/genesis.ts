import { existsSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { FUSION_RULES } from '../../protocols/genesis/fusion.ts'
import { type Genesis, genesis } from '../../protocols/genesis/messages.ts'
import { judgeGenesis } from '../../protocols/genesis/rules.ts'
import { formatInvite } from '../../protocols/membership/invite.ts'
import { fromHex, parseCid } from '../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../protocols/wire/codec.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { MAX_GENESIS_BYTES } from '../../protocols/wire/limits.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { openBase, withoutHistory } from '../checkpoint/base.ts'
import type { Layout } from '../checkpoint/layout.ts'
import { type Fusion, parseRule } from '../fusion/rule-text.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../ports/errors.ts'
import { type NetworkFacts, networkFacts, type Terms } from '../rounds/network.ts'
import { readLayout } from './builder.ts'
import { initDataDir, paths, requireConfig, writeConfig } from './data-dir.ts'
import { needsNewerVersion, otherVersionOf } from './newer-version.ts'
import { createContentStore, type OpenContentStore } from './store/content-store.ts'
import { importDirectory } from './store/import-directory.ts'
import type { GenesisOptions, RoundPolicy } from './types.ts'

const MINUTE_MS = 60_000
const BILLION = 1_000_000_000

/** A day's collection suits a team that trains when it can; the demo and tests shorten it. */
export const DEFAULT_ROUND_POLICY: RoundPolicy = {
  minContributions: 2,
  maxContributions: 16,
  collectMs: 60 * MINUTE_MS,
  graceMs: 5 * MINUTE_MS,
  viewTimeoutMs: MINUTE_MS,
  minBytesPerSecond: 1_000_000,
  maxViews: 8,
  keepRounds: 8,
  historyRounds: 8,
  maxStaleness: 0,
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  'duplicate-member-key': 'Two members have the same key.',
  'duplicate-member-name': 'Two members have the same name.',
  'bad-member-key': "A member's key is no acceptable Ed25519 key.",
  'bad-contributor-key': "A contributor's key is no acceptable Ed25519 key.",
  'min-above-max': 'minContributions is above maxContributions.',
  'lineage-too-large':
    'With so many members and contributions a lineage could outgrow its limit: lower maxContributions.',
  'staleness-above-history':
    'Contributions may be late by fewer rounds than a network remembers: lower maxStaleness, or raise historyRounds.',
  'keep-below-history': 'What late contributions were trained from must be kept: raise keepRounds to historyRounds.',
  'unsupported-rule': `This version fuses by ${Object.keys(FUSION_RULES).join(', ')} only.`,
  'unsupported-fusion-params': 'The fusion rule has no such parameter.',
  'bad-fusion-params': 'The fusion rule lacks a parameter, or one is out of its range.',
  'trim-above-min': 'The fusion rule drops all that a round may have: raise minContributions above twice trim.',
}

/**
 * Starts a network: imports the base into the data directory, writes the genesis and remembers it.
 * @throws ColdmeshError `bad-input`, `bad-checkpoint`, `unsupported`, `locked`, `refused`
 */
export async function createGenesis(
  options: GenesisOptions,
): Promise<{ network: string; base: string; invite: string }> {
  await initDataDir(options.dataDir)
  await using _lock = await lockDirectory(options.dataDir)
  const store = await createContentStore({ dir: paths.blocks(options.dataDir), node: null, log: nullLog })
  try {
    const base = await openGenesisBase(options.base, store)
    const origin = { base: base.cid, header: sha256(base.layout.header), bytes: base.layout.totalBytes, before: null }
    return await writeGenesis(options, store, origin)
  } finally {
    await store.stop()
  }
}

/** Where a network begins. */
export interface Origin {
  /** In the store. */
  readonly base: CID
  readonly header: Uint8Array
  readonly bytes: number
  /** The base of another network that it is a fork of, and what was in force there; null for a network of its own. */
  readonly before: { readonly forkOf: CID; readonly terms: Terms } | null
}

/** Stores a genesis and makes the data directory its network's. @throws ColdmeshError as `createGenesis` */
export async function writeGenesis(
  options: Omit<GenesisOptions, 'base'>,
  store: ContentStore,
  origin: Origin,
): Promise<{ network: string; base: string; invite: string }> {
  const bytes = encodeGenesis(options, origin)
  const network = idOf(bytes)
  await store.put(network, bytes)
  const config = await requireConfig(options.dataDir)
  requireFree(options.dataDir, config, String(network))
  await writeConfig(options.dataDir, { ...config, network: String(network) })
  return { network: String(network), base: String(origin.base), invite: formatInvite({ network, addresses: [] }) }
}

/** @throws ColdmeshError `bad-input` when the directory belongs to another network */
export function requireFree(dataDir: string, { network }: { readonly network: string | null }, wanted?: string): void {
  if (network === null || network === wanted) return
  throw new ColdmeshError('bad-input', `${dataDir} belongs to network ${network} already.`, {
    hint: 'A new network needs a data directory of its own: --dir.',
  })
}

/** A base that is in the store already, by its CID, whose history stays behind; or a directory that is imported into it. */
async function openGenesisBase(base: string, store: OpenContentStore): Promise<{ cid: CID; layout: Layout }> {
  const stored = existsSync(base) ? null : parseCid(base)
  if (stored === null) return await importDirectory(base, store)
  try {
    const opened = await openBase(stored, (cid) => store.get(cid))
    const layout = await readLayout(opened, store)
    // a card without a lineage is what import kept of the model's own
    if (opened.lineage === null) return { cid: stored, layout }
    const node = withoutHistory(opened)
    await store.put(node.cid, node.block)
    return { cid: node.cid, layout }
  } catch (error) {
    if (!isColdmeshError(error, 'block-missing')) throw error
    throw new ColdmeshError('bad-input', `${base} is not among the bases of this data directory.`, {
      cause: error,
      hint: '`coldmesh import DIR` adds one and prints its CID.',
    })
  }
}

function encodeGenesis(options: Omit<GenesisOptions, 'base'>, { before, ...base }: Origin): Uint8Array {
  const { contributors = before?.terms.contributors ?? 'open', rule } = options
  const value = {
    name: options.name,
    ...base,
    card: 'card/3' as const,
    fusion: rule === undefined ? (before?.terms.fusion ?? defaultFusion(contributors)) : parseRule(rule),
    round: { ...DEFAULT_ROUND_POLICY, ...before?.terms.round, ...options.round },
    committee: options.committee.map(({ name, key }) => ({ name, key: readKeyText(key, name) })),
    quorum: options.quorum ?? before?.terms.quorum ?? ('byzantine' as const),
    contributors:
      typeof contributors === 'string'
        ? contributors
        : contributors.map((key) => (typeof key === 'string' ? readKeyText(key, 'a contributor') : key)),
    gate:
      options.maxDrop === undefined ? (before?.terms.gate ?? null) : { maxDrop: Math.round(options.maxDrop * BILLION) },
    forkOf: before?.forkOf ?? null,
  }
  try {
    const bytes = genesis.encode(value)
    explain(genesis.decode(bytes))
    return bytes
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ColdmeshError('bad-input', `The genesis does not hold: ${error.message}.`, { hint: 'Mend that option.' })
  }
}

/** Where anybody may contribute, nobody moves the base further than the median contributor; people who know each other average. */
function defaultFusion(contributors: Terms['contributors'] | GenesisOptions['contributors']): Fusion {
  return { rule: contributors === 'open' ? 'clipped-mean/1' : 'mean/1', params: {} }
}

function readKeyText(text: string, of: string): Uint8Array {
  const key = fromHex(text.trim())
  if (key?.length === 32) return key
  throw new ColdmeshError('bad-input', `The key of ${of} must be 64 hexadecimal digits.`, {
    hint: '`coldmesh init` on the other machine prints it.',
  })
}

function explain(value: Genesis): void {
  const verdict = judgeGenesis(value)
  if (verdict.verdict === 'accept') return
  const code = verdict.reason.startsWith('unsupported') ? 'unsupported' : 'bad-input'
  throw new ColdmeshError(code, EXPLANATIONS[verdict.reason] ?? `The genesis is refused: ${verdict.reason}.`, {
    facts: { reason: verdict.reason },
  })
}

/** Reads a genesis from bytes that have its CID. @throws ColdmeshError `not-valid`, `unsupported` */
export function openGenesis(network: CID, bytes: Uint8Array): NetworkFacts {
  try {
    if (!idOf(bytes).equals(network)) throw new MalformedError('other-cid', 'the bytes do not have this CID')
    const value = genesis.decode(bytes)
    explain(value)
    return networkFacts(network, value)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const newer = otherVersionOf(genesis.kind, bytes, MAX_GENESIS_BYTES)
    if (newer !== null) throw needsNewerVersion(`The network ${network}`, `its genesis is of the kind ${newer}`)
    throw new ColdmeshError('not-valid', `${network} is not the genesis of a network: ${error.message}.`, {
      hint: 'Check the invite or the CID.',
    })
  }
}

/** Genesis CID of an invite or of a CID's text. @throws ColdmeshError `bad-input` */
export function parseNetworkCid(text: string): CID {
  try {
    const cid = CID.parse(text.trim())
    if (cid.version === 1 && cid.code === 0x71) return cid
  } catch {
    // said below
  }
  throw new ColdmeshError('bad-input', `"${text.slice(0, 80)}" is neither an invite nor a genesis CID.`, {
    hint: 'Ask a member for an invite: coldmesh invite.',
  })
}
