/** A node in its own process, to be killed: datastore directory, seed (hex), address to connect to. */
import { openDatastore } from '../../../src/adapters/files/datastore.ts'
import { saved, startNode } from './support.ts'

const [, , directory = '', seed = '', address = ''] = process.argv
const node = await startNode({ seed: Buffer.from(seed, 'hex'), datastore: await openDatastore(directory) })
const [, peer = ''] = address.split('/p2p/')
const known = saved(node, peer)
await node.mesh.connect(address)
await known
process.stdout.write('connected\n')
