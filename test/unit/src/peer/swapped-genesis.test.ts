import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { formatInvite } from '../../../../protocols/membership/invite.ts'
import { encodeEvidence } from '../../../../protocols/round/evidence.ts'
import { prevote } from '../../../../protocols/round/messages.ts'
import { EMPTY_CONFIG } from '../../../../src/adapters/config/config.ts'
import { chooseNetwork } from '../../../../src/peer/choose-network.ts'
import { verifyEvidence } from '../../../../src/peer/evidence-report.ts'
import { openGenesis } from '../../../../src/peer/genesis.ts'
import { exportContent } from '../../../../src/peer/history/export.ts'
import { verifyDirectory } from '../../../../src/peer/verify-directory.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { addRound, startChain, type TestChain } from '../../../support/history/build-chain.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'
import { sign, testCid, testKeys, testNetwork } from '../../../support/protocols/network.ts'

const dir = temporaryDirectory()

let real: TestChain
/** The same name, base and policy, and another committee: what somebody makes who wants to be taken for the first. */
let swapped: ReturnType<typeof testNetwork>
before(async () => {
  real = await addRound(await startChain('reviews'))
  const { genesis } = real.net
  swapped = testNetwork({ ...genesis, members: testKeys(4, 'impostor') })
})

// fault 61
describe('a genesis of the same name with another committee', () => {
  it('is another network', () => {
    assert.equal(swapped.genesis.name, real.net.genesis.name)
    assert.deepEqual(swapped.genesis.base, real.net.genesis.base)
    assert.notEqual(String(swapped.network), String(real.net.network))
  })

  it('is refused by a data directory that belongs to the first, by CID and by invite, and named', () => {
    const config = { ...EMPTY_CONFIG, network: String(real.net.network) }
    for (const given of [String(swapped.network), formatInvite({ network: swapped.network, addresses: [] })]) {
      assert.throws(
        () => chooseNetwork(given, config),
        (error) =>
          isColdmeshError(error, 'bad-input') &&
          error.message.includes(`another network, ${real.net.network}`) &&
          /one of the same name is another/.test(error.hint ?? ''),
      )
    }
    assert.equal(String(chooseNetwork(undefined, config).network), String(real.net.network))
  })

  it('does not open under the CID of the first: who has that has the right one', () => {
    assert.throws(
      () => openGenesis(real.net.network, swapped.bytes),
      (error) => isColdmeshError(error, 'not-valid'),
    )
  })

  it('in the place of the exported one makes the base invalid, and without a CID to trust nothing is trusted', async () => {
    const { network, store, entries, net } = real
    const [entry] = entries
    assert.ok(entry)
    const out = join(dir, 'exported')
    const certificateOf = () => entry.certificate
    await exportContent({ network, genesisBytes: net.bytes, store, cid: entry.base, out, certificateOf })
    const trust = String(net.network)
    const intact = await verifyDirectory(out, { level: 'signatures' })
    assert.equal(intact.trusted, false, 'a genesis that came along proves nothing')
    await writeFile(`${out}.genesis.cbor`, swapped.bytes)
    for (const options of [{ trust }, {}, { trust: String(swapped.network) }]) {
      const report = await verifyDirectory(out, { level: 'signatures', ...options })
      assert.equal(report.valid, false, JSON.stringify(options))
      assert.ok(report.failures.length > 0)
    }
  })

  it('proves nothing against members of the first', () => {
    const [liar] = real.net.members
    assert.ok(liar)
    const vote = (base: string) =>
      sign(prevote, { network: real.net.network, round: 1, view: 0, base: testCid(base) }, liar)
    const evidence = encodeEvidence(real.net.network, vote('x'), vote('y'))
    assert.equal(verifyEvidence(evidence, { genesis: real.net.bytes }).trusted, true)
    const report = verifyEvidence(evidence, { genesis: swapped.bytes })
    assert.deepEqual([report.proven, report.trusted], [false, false])
  })
})
