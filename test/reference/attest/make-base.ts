import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeJournal } from '../../../src/adapters/files/journal-format.ts'
import { paths } from '../../../src/peer/data-dir.ts'
import { licensedChain } from '../../support/attest/attested.ts'
import { writeDataDir } from '../../support/history/long-chain.ts'
import { reportBy } from '../../support/protocols/messages.ts'
import { testKey } from '../../support/protocols/network.ts'

// Makes a data directory FOLDER/peer of a network with a clipped mean: a round with contributions left out and a change of the
// committee, an empty one, and one by the new committee, with licences that exclude each other, and a report on each base.
// Writes FOLDER/bases.json: the CIDs of its bases, oldest first.
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('name a folder')
const chain = await licensedChain({ fusion: { rule: 'clipped-mean/1', params: {} } })
const dataDir = join(folder, 'peer')
const [member] = chain.net.members
if (member === undefined) throw new Error('a network has members')
await writeDataDir(dataDir, chain, { key: member })
const bases = [chain.network.genesis.base, ...chain.entries.map(({ base }) => base)]
const reports = bases.map((base, round) => reportBy(testKey('judge'), chain.net, { base, round }).envelope)
writeFileSync(paths.reports(dataDir), encodeJournal(reports))
writeFileSync(join(folder, 'bases.json'), JSON.stringify(bases.map(String)))
