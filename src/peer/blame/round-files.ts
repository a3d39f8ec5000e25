import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRule } from '../../fusion/rule-text.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import { type FusedModels, fuseModels } from '../fuse-models.ts'
import type { LogEntry } from '../log-types.ts'
import type { RoundOptions } from './types.ts'

export type RoundInput = LogEntry['inputs'][number]

/** A round's files in a folder of their own, and its fusion with any of its inputs. */
export interface RoundFiles extends AsyncDisposable {
  readonly entry: LogEntry
  /** Directory of the base before it. */
  readonly parent: string
  /** For what is made on the way; goes with the rest. */
  readonly folder: string
  /** Fuses these inputs by the round's own rule. @throws ColdmeshError as `fuseModels`: `bad-input` where they are too few for it */
  fuse(inputs: readonly RoundInput[], out: string): Promise<FusedModels>
}

/**
 * Brings what a round was fused from into a folder: its inputs, the base before it, and what late inputs were trained from.
 * @throws ColdmeshError `block-missing` naming every contribution whose bytes are not here, `not-found`, `not-valid`
 */
export async function openRoundFiles(
  { source, base, workers, signal }: RoundOptions,
  onRead: (what: string, done: number, total: number) => void = () => {},
): Promise<RoundFiles> {
  const entry = await findRound(source, base)
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'coldmesh-blame-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const isLate = ({ trainedFrom }: RoundInput) => trainedFrom.base !== entry.parent
  const late = entry.inputs.filter(isLate).map(({ trainedFrom }) => trainedFrom.base)
  const bases = [...new Set([entry.parent, ...late])]
  const wanted = [
    ...bases.map((cid) => ({ cid, out: join(folder, `base-${cid}`), what: `the base ${cid}` })),
    ...entry.inputs.map(({ id, checkpoint }) => ({
      ...{ cid: checkpoint, out: join(folder, id), what: `the contribution ${id} (checkpoint ${checkpoint})` },
    })),
  ]
  const missing: string[] = []
  for (const [done, { cid, out, what }] of wanted.entries()) {
    signal?.throwIfAborted()
    onRead(what, done, wanted.length)
    try {
      await source.export(cid, { out })
    } catch (error) {
      if (!isMissing(error)) throw error
      missing.push(what)
    }
  }
  if (missing.length > 0) throw absent(entry, missing)
  const { rule, params } = parseRule(entry.rule)
  const parent = join(folder, `base-${entry.parent}`)
  const resources = cleanup.move()
  return {
    ...{ entry, parent, folder },
    fuse: (inputs, out) =>
      fuseModels({
        ...{ rule, params, base: parent, out, workers, signal },
        inputs: inputs.map(({ id }) => join(folder, id)),
        parents: inputs.map((input) => (isLate(input) ? join(folder, `base-${input.trainedFrom.base}`) : null)),
        ...(rule === 'weighted-mean/1' ? { weights: inputs.map(({ rows }) => rows) } : {}),
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function findRound(source: RoundOptions['source'], base: string | undefined): Promise<LogEntry> {
  for await (const entry of source.log(base)) {
    if (entry.inputs.length > 0) return entry
    if (base === undefined) continue
    throw new ColdmeshError('bad-input', `The base ${base} of round ${entry.round} has no contributions.`, {
      hint: '`coldmesh log` lists the rounds with their contributions.',
    })
  }
  throw new ColdmeshError('bad-input', 'No round of this network has contributions here.', {
    hint: '`coldmesh log` lists the rounds with their contributions.',
  })
}

/** Of a daemon, its answer has the code. */
const isMissing = (error: unknown): boolean =>
  isColdmeshError(error, 'block-missing') ||
  (error instanceof Error && 'code' in error && error.code === 'block-missing')

function absent({ round }: LogEntry, missing: readonly string[]): ColdmeshError {
  return new ColdmeshError('block-missing', `Of round ${round} these bytes are not here: ${missing.join('; ')}.`, {
    facts: { round, missing: missing.length },
    hint: 'Members keep them for keepRounds rounds: ask on the data directory of one, or choose a later round.',
  })
}
