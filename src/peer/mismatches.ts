import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { openBase } from '../checkpoint/base.ts'
import { isColdmeshError } from '../ports/errors.ts'
import type { RoundState } from '../rounds/state.ts'
import type { PeerContext } from './context.ts'
import { paths } from './data-dir.ts'
import type { MismatchStatus } from './mismatch-types.ts'
import { compareWeights } from './round/compare-weights.ts'
import { addressesOf } from './round/sources.ts'

/** Files that are kept, the newest. */
const MAX_FILES = 8
/** The longest that is read back: 64 inputs take a quarter of it. */
const MAX_FILE_BYTES = 64 * 1024
/** A liar proposes as often as it is its turn. */
const MAX_PER_ROUND = 4

/** Proposals that this machine could not reproduce, each with a file for whoever looks for the cause. */
export interface Mismatches {
  /** Newest last. */
  readonly current: readonly MismatchStatus[]
  /** Compares the proposal of a view with what we made of the same inputs, and writes it down. Never throws. */
  record(state: RoundState, view: number): Promise<void>
}

type Context = Pick<
  PeerContext,
  'dataDir' | 'store' | 'keeping' | 'facts' | 'signal' | 'mesh' | 'peerIdOf' | 'waits' | 'clock' | 'events' | 'log'
>

export async function openMismatches(context: Context): Promise<Mismatches> {
  const { dataDir, waits, clock, events, log } = context
  const folder = paths.mismatches(dataDir)
  const current: MismatchStatus[] = [...(await readMismatches(dataDir))]
  const seen = new Set<string>()

  async function record(state: RoundState, view: number): Promise<void> {
    const found = findMismatch(state, view)
    if (found === null || seen.has(String(found.proposal.base)) || countOf(current, state.round) >= MAX_PER_ROUND)
      return
    seen.add(String(found.proposal.base))
    if (seen.size > MAX_FILES * MAX_PER_ROUND) seen.clear()
    const { proposal, own, spec } = found
    await context.keeping.note(state.round, found.weights)
    const compared = await waits.during(
      {
        what: 'comparison',
        which: `of base ${proposal.base} with our own`,
        whom: [state.network.nameOf(proposal.author)],
      },
      () => compare(found),
    )
    const file = join(folder, `round-${state.round}-view-${view}.json`)
    const status: MismatchStatus = {
      ...{ round: state.round, view, by: state.network.nameOf(proposal.author) },
      ...{ base: String(proposal.base), own: String(own), ...compared, seenMs: Math.round(clock.wall()), file },
    }
    const bundle = {
      ...status,
      parent: String(spec.parent.base),
      rule: state.network.terms.fusion,
      inputs: spec.inputs.map(({ id, author, checkpoint }) => {
        return { id: String(id), author: Buffer.from(author).toString('hex'), checkpoint: String(checkpoint) }
      }),
      machine: { platform: process.platform, arch: process.arch, versions: process.versions },
    }
    await write(file, bundle)
    current.push(status)
    for (const { file: oldest } of current.splice(0, current.length - MAX_FILES)) await unlink(oldest).catch(() => {})
    log.error('mismatch', { ...status })
    events.emit({ type: 'mismatch', ...status })
  }

  async function compare({ proposal, own, weights }: Mismatch): Promise<Pick<MismatchStatus, 'difference' | 'reason'>> {
    try {
      const ours = await openBase(own, (cid) => context.store.get(cid))
      const providers = addressesOf(context, proposal.author)
      const found = await compareWeights(context, { own: ours.weights.cid, proposed: weights, providers })
      if (found === null) return { difference: null, reason: 'equal-weights' }
      const { tensor, index, fused, stored } = found
      return { difference: { tensor, index, own: fused, proposed: stored }, reason: null }
    } catch (error) {
      return { difference: null, reason: isColdmeshError(error) ? error.code : String(error) }
    }
  }

  async function write(file: string, bundle: object): Promise<void> {
    try {
      await writeFileAtomic(file, new TextEncoder().encode(`${JSON.stringify(bundle, null, 2)}\n`))
    } catch (error) {
      log.error('mismatch-not-stored', { file, error: String(error) })
    }
  }

  return {
    current,
    record: (state, view) =>
      record(state, view).catch((error: unknown) => log.error('mismatch-crashed', { error: String(error) })),
  }
}

type Mismatch = NonNullable<ReturnType<typeof findMismatch>>

/** What was proposed, and what our own fusion gave; null when they are the same, or not both known. */
export function findMismatch(state: RoundState, view: number) {
  const proposal = state.proposals.get(view)?.message
  const lineage = proposal === undefined ? undefined : state.lineages.get(String(proposal.lineage))
  if (proposal === undefined || lineage?.state !== 'open') return null
  const build = state.builds.get(lineage.key)
  if (build?.state !== 'built' || equalCids(build.base, proposal.base)) return null
  return { proposal, own: build.base, key: lineage.key, spec: lineage.spec, weights: lineage.opened.lineage.weights }
}

const countOf = (all: readonly MismatchStatus[], round: number) => all.filter((one) => one.round === round).length

/** Those that a data directory still has, oldest first; what cannot be read is left out. */
export async function readMismatches(dataDir: string): Promise<readonly MismatchStatus[]> {
  const folder = paths.mismatches(dataDir)
  const names = await readdir(folder).catch(() => [])
  const read = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readOne(join(folder, name))),
  )
  return read
    .flatMap((status) => (status === null ? [] : [status]))
    .sort((a, b) => a.seenMs - b.seenMs)
    .slice(-MAX_FILES)
}

async function readOne(file: string): Promise<MismatchStatus | null> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > MAX_FILE_BYTES) return null
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isStatus(value) ? { ...value, file } : null
  } catch {
    return null
  }
}

/** Our own file: a few fields tell whether it is one. */
function isStatus(value: unknown): value is MismatchStatus {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['round', 'view', 'by', 'base', 'own', 'difference', 'reason', 'seenMs'].every((key) => Object.hasOwn(value, key))
  )
}
