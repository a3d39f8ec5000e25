import { join } from 'node:path'
import { ARCHIVE_CONTENTS } from '../../../protocols/archive/messages.ts'
import { writeArchive } from '../../../src/peer/archive/write.ts'
import { archiveOptions, smallChain } from '../../support/archive/small-archive.ts'
import { threeRounds } from '../../support/history/build-chain.ts'

// Writes archives into a folder, and prints path, number of blocks and root of each: archives.ts FOLDER
const [folder = '.'] = process.argv.slice(2)
for (const [name, chain] of [
  ['small', await smallChain()],
  ['large', await threeRounds()],
] as const) {
  for (const contents of ARCHIVE_CONTENTS) {
    const file = join(folder, `${name}-${contents}.car`)
    const { blocks, root } = await writeArchive({ ...archiveOptions(chain, contents), file })
    console.log([file, blocks, root].join('\t'))
  }
}
