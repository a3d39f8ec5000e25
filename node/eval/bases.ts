import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { type Model, readModelDirectory } from 'coldmesh'
import { openHistorySource } from '../commands/history.ts'
import { cidText } from '../control/shapes.ts'
import { CliError } from '../failure.ts'
import { short } from '../text/escape.ts'

/** A base to judge. */
export interface Candidate {
  /** How tables and plots call it. */
  readonly label: string
  /** Its place in its network's lineage, where that is known. */
  readonly round: number | null
  readonly cid: string | null
  readonly baseline: BaselineName | null
  readonly load: () => Promise<Model>
}

export type BaselineName = 'pretrained' | 'multitask' | 'one-shot'

export interface BaseSource extends AsyncDisposable {
  readonly candidates: readonly Candidate[]
  /** What the network started from; null when no data directory is used. */
  readonly pretrained: Candidate | null
  /** How its last round was fused; null where there was none. */
  readonly rule: string | null
}

export interface BaseOptions {
  /** CIDs and directories. None: the newest base of the data directory. */
  readonly targets: readonly string[]
  readonly dir: () => string
  /** `all`, or rounds with commas. */
  readonly rounds: string | undefined
  readonly signal: AbortSignal
}

/** Finds the bases that are meant. @throws CliError `bad-input`, and as openHistorySource */
export async function openBases({ targets, dir, rounds, signal }: BaseOptions): Promise<BaseSource> {
  const isDirectory = (target: string) => existsSync(target) && statSync(target).isDirectory()
  const strange = targets.find((target) => !isDirectory(target) && !cidText.safeParse(target).success)
  if (strange !== undefined) {
    throw new CliError('bad-input', `"${strange}" is neither a CID nor a directory that exists.`, {
      hint: '`coldmesh log` prints the CIDs of bases.',
    })
  }
  const directories = targets.filter(isDirectory).map(directoryCandidate)
  const cids = targets.filter((target) => !isDirectory(target))
  if (cids.length === 0 && directories.length > 0 && rounds === undefined) {
    return { candidates: directories, pretrained: null, rule: null, [Symbol.asyncDispose]: async () => {} }
  }
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'coldmesh-eval-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const reading = readLineage(dir(), rounds === undefined ? undefined : cids[0], signal)
  // Of bases that are named, the rounds are for labels: a gap in the history is no reason not to judge them.
  const isNeeded = rounds !== undefined || cids.length === 0
  const { lineage, rule } = isNeeded ? await reading : await reading.catch(unlessAborted(signal))
  const candidateOf = (cid: string): Candidate => {
    const round = lineage.indexOf(cid)
    return {
      label: round < 0 ? short(cid) : `round ${round}`,
      round: round < 0 ? null : round,
      cid,
      baseline: null,
      load: () => loadFrom(dir(), cid, { folder, signal }),
    }
  }
  const chosen = rounds === undefined ? (cids.length > 0 ? cids : lineage.slice(-1)) : ofRounds(lineage, rounds)
  const first = lineage[0]
  const candidates = [...directories, ...chosen.map(candidateOf)]
  const pretrained = first === undefined ? null : candidateOf(first)
  const resources = cleanup.move()
  return { candidates, pretrained, rule, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

function directoryCandidate(target: string): Candidate {
  const path = resolve(target)
  return { label: basename(path), round: null, cid: null, baseline: null, load: () => readModelDirectory(path) }
}

interface LineageCids {
  /** By round, from the genesis' base on. */
  readonly lineage: readonly string[]
  readonly rule: string | null
}

function unlessAborted(signal: AbortSignal): () => LineageCids {
  return () => {
    signal.throwIfAborted()
    return { lineage: [], rule: null }
  }
}

async function readLineage(dir: string, from: string | undefined, signal: AbortSignal): Promise<LineageCids> {
  const found: string[] = []
  await using history = await openHistorySource(dir, signal)
  let rule: string | null = null
  let parent = from ?? history.head
  for await (const entry of history.log(from)) {
    signal.throwIfAborted()
    found.unshift(entry.base)
    parent = entry.parent
    rule ??= entry.rule
  }
  return { lineage: [parent, ...found], rule }
}

function ofRounds(lineage: readonly string[], rounds: string): string[] {
  if (rounds === 'all') return [...lineage]
  const wanted = rounds.split(',').map((text) => (/^\d+$/.test(text.trim()) ? Number(text) : -1))
  return [...new Set(wanted)].map((round) => {
    const base = lineage[round]
    if (base !== undefined) return base
    throw new CliError('bad-input', `--rounds ${rounds} names a round that is not in the lineage.`, {
      hint: `Give all, or numbers from 0 to ${lineage.length - 1} with commas.`,
    })
  })
}

/** Through a folder, since a daemon may hold the blocks. Opened anew each time: hours of training leave the data directory free. */
async function loadFrom(
  dir: string,
  cid: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Model> {
  const out = join(folder, cid)
  try {
    await using history = await openHistorySource(dir, signal)
    await history.export(cid, { out })
    return await readModelDirectory(out)
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
