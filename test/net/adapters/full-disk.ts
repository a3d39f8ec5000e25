/** Runs under a limit on file sizes: writes until the system refuses, and reports what was acknowledged. */
import { join } from 'node:path'
import { openJournal } from '../../../src/adapters/files/journal.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { cidOf, patterned } from './content.ts'

const [, , directory = ''] = process.argv
const codes: string[] = []
const refusal = (error: unknown): void => {
  codes.push(isColdmeshError(error) && error.hint !== undefined ? error.code : String(error))
}

const journal = await openJournal(join(directory, 'journal'))
let acknowledged = 0
for (let i = 0; i < 100; i++) {
  try {
    await journal.append(new Uint8Array(1000).fill(i))
    acknowledged++
  } catch (error) {
    refusal(error)
    break
  }
}
// There is room for a little one still, and it goes after the last whole record.
await journal.append(Uint8Array.of(7))
await journal.rewrite(Array.from({ length: 100 }, () => new Uint8Array(1000))).catch(refusal)
await journal.append(Uint8Array.of(8))
await journal.close()

const store = await createContentStore({ dir: join(directory, 'blocks'), node: null, log: nullLog })
const large = patterned(100_000)
await store.put(cidOf(large), large).catch(refusal)
const small = patterned(1000)
await store.put(cidOf(small), small)
process.stdout.write(
  JSON.stringify({ codes, acknowledged, large: await store.has(cidOf(large)), small: await store.has(cidOf(small)) }),
)
