import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { genesisOf, readTrust } from '../../../../node/commands/trust.ts'
import { CliError } from '../../../../node/failure.ts'
import { temporaryFolder } from '../../../support/node/cli.ts'

const folder = temporaryFolder('trust')
after(folder.remove)

const GENESIS = `bafyrei${'a'.repeat(52)}`
const [ADA, BEN] = ['a1'.repeat(32), 'b2'.repeat(32)]

function file(name: string, text: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}

const refuses = (given: readonly string[], message: RegExp) =>
  assert.throws(
    () => readTrust(given),
    (error) => {
      assert.ok(error instanceof CliError && error.code === 'bad-input' && error.hint !== undefined)
      assert.match(error.message, message)
      return true
    },
  )

describe('readTrust', () => {
  it('is nobody where nothing was given', () => {
    assert.deepEqual(readTrust([]), {})
  })

  it('takes a genesis, keys in either case, and files of keys with comments', () => {
    const path = file('keys', `# the committee\n${ADA}  # ada\n\n  ${BEN.toUpperCase()}\r\n`)
    assert.deepEqual(readTrust([GENESIS, GENESIS]), { trust: GENESIS })
    assert.deepEqual(readTrust([ADA.toUpperCase(), GENESIS]), { trust: GENESIS, trustKeys: [ADA] })
    for (const given of [path, `@${path}`]) assert.deepEqual(readTrust([given]), { trustKeys: [ADA, BEN] })
  })

  it('refuses what is none of them, and says what is', () => {
    refuses(['nonsense'], /nonsense is no CID, no key and no file/)
    refuses([ADA.slice(1)], /is no CID, no key and no file/)
    refuses([GENESIS, `${GENESIS.slice(0, -1)}b`], /two genesis CIDs/)
    refuses([`@${join(folder.path, 'absent')}`], /absent cannot be read/)
    refuses([`@${folder.path}`], /is no file of keys/)
    refuses([file('empty', '# nobody\n')], /has no key in it/)
    refuses([file('wrong', `${ADA}\nada\n`)], /no key of 64 hex digits: ada/)
    refuses([file('long', `${ADA}\n`.repeat(2_000))], /is no file of keys/)
    mkdirSync(join(folder.path, 'sub'))
    refuses([join(folder.path, 'sub')], /is no file of keys/)
  })

  it('names one genesis for evidence, and no key', () => {
    assert.equal(genesisOf([]), undefined)
    assert.equal(genesisOf([GENESIS]), GENESIS)
    assert.throws(() => genesisOf([ADA]), /no keys/)
  })
})
