import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import { type CheckedBase, checkSent } from '../../../../src/peer/heads.ts'
import { openSilence } from '../../../../src/peer/silence.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { genesisHead } from '../../../../src/rounds/head.ts'
import type { Head } from '../../../../src/rounds/state.ts'
import type { TestChain } from '../../../support/history/build-chain.ts'
import { sentBase } from '../../../support/history/follow.ts'
import { longChain } from '../../../support/history/long-chain.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'

const ROUNDS = 8

describe('a key', () => {
  const dir = temporaryDirectory()
  let chain: TestChain
  let start: Head
  let bases: readonly CheckedBase[]
  let made = 0

  before(async () => {
    chain = await longChain(ROUNDS)
    start = genesisHead(chain.network, chain.facts.weights)
    const checked: CheckedBase[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const sent = await sentBase(chain, round)
      const next = sent && checkSent(chain.facts, checked.at(-1)?.head ?? start, sent)
      if (!next) throw new Error('the chain holds')
      checked.push(next.checked)
    }
    bases = checked
  })

  /** Of a member that signed every round of the chain, and of one that signed none. */
  const signer = () => chain.net.members[0]?.publicKey ?? new Uint8Array()
  const idler = () => chain.net.members[3]?.publicKey ?? new Uint8Array()
  const headOf = (round: number) => bases[round - 1]?.head ?? start

  async function open(
    options: { key?: Uint8Array; round?: number; spoken?: number; isNew?: boolean; dataDir?: string } = {},
  ) {
    const dataDir = options.dataDir ?? join(dir, `data-${made++}`)
    mkdirSync(dataDir, { recursive: true })
    const silence = await openSilence({
      dataDir,
      key: options.key ?? signer(),
      head: headOf(options.round ?? 0),
      isJournalNew: options.isNew ?? false,
      speaker: { spokenUpTo: options.spoken ?? 0 },
      events: createEmitter<PeerEvent>(),
      log: nullLog,
    })
    return { silence, dataDir }
  }

  it('speaks after a catch-up when its journal knows all that it signed on the way, and when it signed nothing', async () => {
    for (const options of [{ key: idler() }, { spoken: ROUNDS }]) {
      const { silence } = await open(options)
      await silence.followed(bases)
      await silence.entered(headOf(ROUNDS))
      assert.equal(silence.reason, null)
    }
  })

  it('is silent when a round that it signed is not in its journal: an old copy; until two rounds after the head it syncs', async () => {
    const { silence, dataDir } = await open({ spoken: 2, round: 2 })
    await silence.followed(bases.slice(2, 5))
    assert.match(String(silence.reason), /signed round 5, which its journal does not know: silent until round 7/)
    const { silence: restarted } = await open({ dataDir, spoken: 2, round: 5 })
    assert.match(String(restarted.reason), /silent until round 7/)
    await restarted.entered(headOf(6))
    assert.notEqual(restarted.reason, null)
    await restarted.entered(headOf(7))
    assert.equal(restarted.reason, null)
    assert.equal((await open({ dataDir, spoken: 7, round: 7 })).silence.reason, null)
  })

  it('with a new journal is silent until two rounds after the head that it first syncs, however old its own was', async () => {
    const { silence } = await open({ key: idler(), isNew: true })
    assert.match(String(silence.reason), /the journal of this key is new: silent until round 2/)
    await silence.followed(bases.slice(0, 6))
    await silence.entered(headOf(6))
    assert.match(String(silence.reason), /silent until round 8/)
    await silence.followed(bases.slice(6, 7))
    await silence.entered(headOf(7))
    await silence.followed(bases.slice(7))
    await silence.entered(headOf(8))
    assert.equal(silence.reason, null)
  })

  it('that hears itself say what its journal does not hold is silent, also after a restart', async () => {
    const { silence, dataDir } = await open({ round: 3 })
    await silence.foundImpostor()
    assert.match(String(silence.reason), /another process signs with this key, or its journal is an old copy/)
    assert.match(String((await open({ dataDir, round: 3 })).silence.reason), /silent until round 5/)
  })

  it('whose journal speaks of rounds beyond the chain is silent until they are here: the chain was cut', async () => {
    const { silence } = await open({ spoken: 5, round: 2 })
    assert.match(String(silence.reason), /the journal speaks of round 5, the chain ends at round 2/)
    await silence.followed(bases.slice(2, 4))
    await silence.entered(headOf(4))
    assert.equal(silence.reason, null)
  })

  it('stays silent when a bit of the file that says so flips', async () => {
    const { dataDir } = await open({ isNew: true, round: 1 })
    const path = join(dataDir, 'probation')
    const bytes = readFileSync(path)
    for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      writeFileSync(path, flipped)
      assert.match(String((await open({ dataDir, round: 1 })).silence.reason), /silent until round 3/, `bit ${bit}`)
    }
  })
})
