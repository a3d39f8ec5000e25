import type { CID } from 'multiformats/cid'
import { readFile } from '../checkpoint/unixfs.ts'
import { validateCheckpoint } from '../fusion/validate.ts'
import { type BaseFacts, type BuiltBase, buildBase } from '../peer/builder.ts'
import type { ContentStore } from '../ports/content-store.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { BuildSpec, Head, SignedContribution } from '../rounds/state.ts'
import { rebasedFrom } from '../rounds/views.ts'

/**
 * The work that every member does alone on its own machine and that comes out the same: checking bytes and fusing them.
 * In one process each distinct piece of it is done once, from the one store that all members share.
 */
export interface Workshop {
  /** Null, or why the checkpoint can't be an input. */
  validate(contribution: SignedContribution): Promise<string | null>
  /** @throws ColdmeshError as `buildBase` */
  build(key: string, spec: BuildSpec): Promise<BuiltBase>
  lineage(cid: CID): Promise<Uint8Array | null>
}

export function createWorkshop(context: {
  readonly network: NetworkFacts
  readonly facts: BaseFacts
  readonly store: ContentStore
  readonly head: Head
}): Workshop {
  const { facts, store, head } = context
  const validations = new Map<string, Promise<string | null>>()
  const builds = new Map<string, Promise<BuiltBase>>()
  const open = (cid: CID) => readFile(cid, (block) => store.get(block), { maxBytes: facts.layout.totalBytes })

  async function validate(contribution: SignedContribution): Promise<string | null> {
    const [base, checkpoint] = [open(head.weights), open(contribution.checkpoint)]
    const from = rebasedFrom(head, contribution)
    const parent = from === null ? {} : { parent: open(from) }
    const validation = await validateCheckpoint({ layout: facts.layout, base, checkpoint, ...parent })
    return validation.ok ? null : validation.reason
  }

  return {
    validate: (contribution) => once(validations, String(contribution.id), () => validate(contribution)),
    build: (key, spec) => once(builds, key, () => buildBase(spec, context)),
    lineage: async (cid) => ((await store.has(cid)) ? await store.get(cid) : null),
  }
}

function once<T>(done: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const known = done.get(key)
  if (known !== undefined) return known
  const started = work()
  done.set(key, started)
  return started
}
