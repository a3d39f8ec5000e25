import { mkdir } from 'node:fs/promises'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { parseRule } from '../fusion/rule-text.ts'
import { type BaseFacts, readBaseFacts } from '../peer/builder.ts'
import { openChain } from '../peer/chain.ts'
import { paths } from '../peer/data-dir.ts'
import { createGenesis, openGenesis, parseNetworkCid } from '../peer/genesis.ts'
import { type CheckedBase, checkNext, entryOf, readHead } from '../peer/heads.ts'
import { createHistory } from '../peer/history/history.ts'
import { createContentStore } from '../peer/store/content-store.ts'
import { openTaskHeads, type TaskHeads } from '../peer/task-heads.ts'
import type { History } from '../peer/types.ts'
import type { ContentStore } from '../ports/content-store.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { Head } from '../rounds/state.ts'
import { decideRound } from './committee.ts'
import { createScratchStore } from './scratch-store.ts'
import { labSigner } from './seeds.ts'

/** A network whose members live in this process; its data directory is one that `verify`, `log` and `export` read. */
export interface LabNetwork extends AsyncDisposable {
  readonly facts: NetworkFacts
  readonly base: BaseFacts
  readonly store: ContentStore
  /** Where a round's checkpoints go. */
  readonly checkpoints: Pick<ContentStore, 'put'>
  readonly heads: TaskHeads
  readonly head: Head
  readonly history: History
  /** CIDs of the bases so far, the genesis' first. */
  readonly bases: readonly string[]
  /** The next round, decided but not yet in the chain. */
  decide(contributions: readonly Signed<Contribution>[]): Promise<DecidedRound>
  /** Adds it to the chain: durable when it resolves, and the head from then on. */
  adopt(decided: DecidedRound): Promise<void>
}

export interface DecidedRound extends CheckedBase {
  readonly refused: ReadonlyMap<string, string>
}

/** Opens the network in `dir`, or starts it there. @throws ColdmeshError as `createGenesis` and `readHead` */
export async function openLabNetwork(options: {
  readonly dir: string
  readonly name: string
  readonly run: number
  /** Directory of the genesis' base. */
  readonly base: string
  readonly committee: number
  readonly rule: string
  readonly maxContributions: number
  /** Whether checkpoints stay after their round; without them nobody can fuse it again. */
  readonly keepsCheckpoints: boolean
}): Promise<LabNetwork> {
  const { dir, run } = options
  await mkdir(dir, { recursive: true })
  const names = Array.from({ length: options.committee }, (_, index) => `member-${index + 1}`)
  const signers = names.map((name) => labSigner(run, name))
  const { network: id } = await createGenesis({
    dataDir: dir,
    name: options.name,
    base: options.base,
    rule: options.rule,
    committee: signers.map(({ key }, index) => ({ name: names[index] ?? '', key: toHex(key) })),
    // The fewest that the rule takes: who is refused must not hold up the others. Time is virtual, so all have come before lists are due.
    round: {
      minContributions: 1 + 2 * (parseRule(options.rule).params['trim'] ?? 0),
      maxContributions: options.maxContributions,
    },
  })
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(await lockDirectory(dir))
  const kept = await createContentStore({ dir: paths.blocks(dir), node: null, log: nullLog })
  cleanup.defer(() => kept.stop())
  const scratch = createScratchStore(kept, options.keepsCheckpoints)
  const { store } = scratch
  const cid = parseNetworkCid(id)
  const genesisBytes = await store.get(cid)
  const network = openGenesis(cid, genesisBytes)
  const facts = await readBaseFacts(network, store)
  const chain = await openChain(paths.chain(dir))
  cleanup.defer(() => chain.close())
  let head = await readHead(network, facts, store, chain)
  const resources = cleanup.move()
  return {
    facts: network,
    base: facts,
    store,
    checkpoints: scratch.checkpoints,
    heads: openTaskHeads(dir, nullLog),
    history: createHistory({ network, genesisBytes, store, chain }),
    get head() {
      return head
    },
    get bases() {
      return [String(network.genesis.base), ...chain.entries.map(({ base }) => String(base))]
    },
    decide: async (contributions) => {
      const { base, certificate, refused } = await decideRound({ network, facts, store, head, signers, contributions })
      return { ...(await checkNext(head, store, { base, certificate })), refused }
    },
    adopt: async (decided) => {
      await chain.append(entryOf(decided))
      head = decided.head
      scratch.clear()
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
