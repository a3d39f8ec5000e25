import { rename } from 'node:fs/promises'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { writeArchive } from '../../../src/peer/archive/write.ts'
import { readChain } from '../../../src/peer/chain.ts'
import { initDataDir, paths, requireConfig, writeConfig } from '../../../src/peer/data-dir.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { benchChain, partOf } from './part.ts'

/** Part of bench.ts: makes what the catch-up stored a data directory, and an archive of its lineage beside it. */
const { directory, archive } = partOf(process.argv).paths
const { network, net } = await benchChain()
// a peer's directory begins with its key
await rename(paths.chain(directory), `${directory}/stored`)
await initDataDir(directory, { name: 'bench' })
await rename(`${directory}/stored`, paths.chain(directory))
await writeConfig(directory, { ...(await requireConfig(directory)), network: String(network.id) })
const store = await createContentStore({ dir: paths.blocks(directory), node: null, log: nullLog })
await store.put(network.id, net.bytes)
const last = (await readChain(paths.chain(directory))).entries.at(-1)
if (last === undefined) throw new Error('the catch-up stored no round')
const { base, certificate } = last
await writeArchive({ file: archive, contents: 'lineage', network, genesisBytes: net.bytes, store, base, certificate })
await store.stop()
process.stdout.write(JSON.stringify({ base: String(base), genesisBase: String(network.genesis.base) }))
