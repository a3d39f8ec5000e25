import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NextToLast } from 'blockstore-fs/sharding'
import { CID } from 'multiformats/cid'
import { configPath, EMPTY_CONFIG, formatConfig } from '../../../src/adapters/config/config.ts'
import { encodeJournal } from '../../../src/adapters/files/journal-format.ts'
import { encodeEntry } from '../../../src/peer/chain-entry.ts'
import { paths } from '../../../src/peer/data-dir.ts'
import type { TestKey } from '../protocols/network.ts'
import { addRound, startChain, type TestChain } from './build-chain.ts'
import { SMALL_LAYOUT } from './checkpoints.ts'

/** A chain of so many rounds with small weights: real signatures, fusions and certificates, a few milliseconds each. */
export async function longChain(rounds: number): Promise<TestChain> {
  return await addRounds(await startChain('long chain', {}, SMALL_LAYOUT), rounds)
}

/** Two contributions a round, of checkpoints that no round near it has. */
export async function addRounds(start: TestChain, count: number): Promise<TestChain> {
  let chain = start
  for (let i = 0; i < count; i++) {
    const { round } = chain.head
    chain = await addRound(chain, { seeds: [2 * round + 1, 2 * round + 2] })
  }
  return chain
}

/**
 * A data directory as a peer leaves it: key, empty journal, config, the chain up to a round, and every block of the chain.
 * @param options.rounds how many it has; default all
 */
export async function writeDataDir(
  dir: string,
  chain: TestChain,
  options: { readonly key: TestKey; readonly rounds?: number; readonly hasBlock?: (cid: CID) => boolean },
): Promise<void> {
  const { rounds = chain.entries.length, hasBlock = () => true } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFile(paths.key(dir), options.key.seed, { mode: 0o600 })
  await writeFile(paths.journal(dir), encodeJournal([]), { mode: 0o600 })
  await writeFile(paths.chain(dir), encodeJournal(chain.entries.slice(0, rounds).map(encodeEntry)))
  await writeFile(configPath(dir), formatConfig({ ...EMPTY_CONFIG, network: String(chain.net.network) }))
  const layout = new NextToLast()
  for (const [text, block] of [...chain.store.blocks, [String(chain.net.network), chain.net.bytes] as const]) {
    const cid = CID.parse(text)
    if (!hasBlock(cid)) continue
    const { dir: shard, file } = layout.encode(cid)
    const path = join(paths.blocks(dir), shard, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, block)
  }
}
