import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { decodeJournal, encodeJournal } from '../../../../../src/adapters/files/journal-format.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyOptions, VerifyReport } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../../../support/history/checkpoints.ts'
import { addRounds, writeDataDir } from '../../../../support/history/long-chain.ts'
import { copyStore, type MemoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'
import { testKey } from '../../../../support/protocols/network.ts'

const PROCESS = join(import.meta.dirname, '../../../../support/history/verify-process.ts')
const ROUNDS = 8
const folder = temporaryDirectory()
const by = 'test 1'

/** Eight rounds, one of them empty; in the first a member goes. */
let chain: TestChain
let dir: string
before(async () => {
  const start = await startChain('resumed', {}, SMALL_LAYOUT)
  const [gone] = start.net.members
  assert.ok(gone)
  const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, { remove: [gone.publicKey] })
  const first = await addRound(await addRound(start, { amendment }), { seeds: [] })
  chain = await addRounds(first, ROUNDS - 2)
  dir = join(folder, 'peer')
  await writeDataDir(dir, chain, { key: testKey('verifier') })
})

let files = 0
const newFile = () => join(folder, `progress-${++files}`)

async function verify(file: string, options: VerifyOptions & { store?: MemoryStore } = {}): Promise<VerifyReport> {
  const { network, store, entries } = chain
  const newest = entries.at(-1)
  assert.ok(newest)
  return await verifyBase({ network, store, ...newest, level: 'full', resume: { file, by }, ...options })
}

interface Ended {
  readonly signal: NodeJS.Signals | null
  readonly result: { readonly signatures: number; readonly reads: number; readonly report: VerifyReport } | null
}

/** Verifies in a process of its own, which remembers no signature. */
function run(file: string, level: string, killAt = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const args = [...process.execArgv, '--conditions=coldmesh-source', PROCESS, dir, file, level, killAt]
    const child = execFile(process.execPath, args, (_error, stdout, stderr) => {
      if (child.exitCode !== 0 && child.signalCode === null) throw new Error(stderr)
      resolve({ signal: child.signalCode, result: stdout === '' ? null : JSON.parse(stdout) })
    })
  })
}

/** Bytes of every finished round in a file. */
const recordsOf = async (file: string) => decodeJournal(await readFile(file), file).records

const refuses = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(isColdmeshError(error, 'bad-input'), String(error))
    assert.match(error.message, message)
    return true
  })

describe('a verification that is gone on with', () => {
  for (const level of ['full', 'sample', 'signatures'] as const) {
    it(`says the same as one that was not, and reads no weights again: ${level}`, async () => {
      const file = newFile()
      const once = await verify(file, { level })
      assert.equal(once.valid, true)
      const store = copyStore(chain.store)
      const again = await verify(file, { level, store })
      assert.deepEqual(again, once)
      const weights = new Set<string>()
      for (const { base } of chain.entries) weights.add(String((await openBase(base, chain.store.get)).weights.cid))
      const read = store.asked.filter((cid) => weights.has(cid))
      // the header, for the layout: the one leaf is listed, then read
      const header = level === 'signatures' ? 0 : 2
      const genesis = String(chain.facts.weights)
      assert.deepEqual([read.length, store.asked.filter((cid) => cid === genesis).length], [0, header])
      assert.equal(store.asked.filter((cid) => chain.head.inputs.some((input) => String(input) === cid)).length, 0)
    })
  }

  for (const level of ['full', 'sample']) {
    it(`goes on after kill -9, and checks no signature and fuses no round twice: ${level}`, async () => {
      const whole = await run(newFile(), level)
      assert.equal(whole.result?.report.valid, true)
      const file = newFile()
      assert.equal((await run(file, level, '6')).signal, 'SIGKILL')
      // what was read of the genesis' base, and five rounds
      assert.equal((await recordsOf(file)).length, 1 + 1 + 5)
      const rest = await run(file, level)
      const ofThree = await run(file, level)
      assert.ok(rest.result && ofThree.result && whole.result)
      const { rounds, failures, valid } = whole.result.report
      assert.deepEqual([rest.result.report.rounds, rest.result.report.failures], [rounds, failures])
      assert.deepEqual([rest.result.report.valid, ofThree.result.report.valid], [valid, valid])
      // an amendment is judged whoever checked it before: by its proposer and a quorum
      const amendment = ofThree.result.signatures
      assert.ok(amendment <= 4, `${amendment} signatures of an amendment`)
      // three lists, two or three contributions and three votes a round
      const perRound = 8
      assert.equal(rest.result.signatures, amendment + 3 * perRound)
      assert.ok(whole.result.signatures >= amendment + (ROUNDS - 1) * perRound)
      assert.ok(rest.result.reads < whole.result.reads, `${rest.result.reads} and ${whole.result.reads}`)
      assert.ok(ofThree.result.reads < rest.result.reads)
    })
  }

  it('goes on with what a signal to stop left', async () => {
    const file = newFile()
    const controller = new AbortController()
    const onProgress = ({ round }: { readonly round: number }) => round === 4 && controller.abort()
    await assert.rejects(verify(file, { signal: controller.signal, level: 'signatures', onProgress }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
    // at this level a round that began is checked to its end
    assert.equal((await recordsOf(file)).length, 1 + 1 + 4)
    assert.equal((await verify(file, { level: 'signatures' })).valid, true)
    assert.equal((await recordsOf(file)).length, 1 + 1 + ROUNDS)
  })

  it('drops a last record that was half written, wherever it was cut', async () => {
    const file = newFile()
    const once = await verify(file)
    const { size } = await stat(file)
    for (const cut of [1, 7, 40, 200]) {
      const torn = newFile()
      await copyFile(file, torn)
      await truncate(torn, size - cut)
      assert.equal((await recordsOf(torn)).length, 1 + ROUNDS)
      assert.deepEqual(await verify(torn), once)
      assert.equal((await recordsOf(torn)).length, 1 + 1 + ROUNDS)
    }
    await appendFile(file, Buffer.alloc(100))
    assert.deepEqual(await verify(file), once)
  })

  it('draws by the seed of the file where none is named', async () => {
    const file = newFile()
    const { sample } = await verify(file, { level: 'sample' })
    assert.equal((await verify(file, { level: 'sample' })).sample?.seed, sample?.seed)
    assert.equal((await verify(file, { level: 'sample', sampleSeed: sample?.seed ?? '' })).valid, true)
    await refuses(verify(file, { level: 'sample', sampleSeed: 'ab'.repeat(32) }), /another verification: seed/)
    await refuses(verify(file, { level: 'sample', leaves: 3 }), /another verification: 16 leaves/)
  })

  it('is for its owner’s eyes', async () => {
    const file = newFile()
    await verify(file, { level: 'signatures' })
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })
})

describe('what a file does not cover', () => {
  it('is refused: another base, level, network or program', async () => {
    const file = newFile()
    await verify(file)
    const { network, store, entries } = chain
    const [first] = entries
    assert.ok(first)
    await refuses(verifyBase({ network, store, ...first, resume: { file, by } }), /another verification: base/)
    await refuses(verify(file, { level: 'signatures' }), /another verification: level full/)
    await refuses(verify(file, { resume: { file, by: 'test 2' } }), /another verification: test 1/)
    const other = await addRound(await startChain('other', {}, SMALL_LAYOUT))
    const [round] = other.entries
    assert.ok(round)
    const foreign = { network: other.network, store: other.store, ...round, resume: { file, by } }
    await refuses(verifyBase(foreign), /another verification: network/)
  })

  it('is refused: somebody’s file, which stays as it was', async () => {
    for (const bytes of [Buffer.from('my letters'), encodeJournal([Buffer.from('{}')]), Buffer.alloc(5_000, 7)]) {
      const file = newFile()
      await writeFile(file, bytes)
      await refuses(verify(file), /can't be gone on with/)
      assert.ok((await readFile(file)).equals(bytes))
    }
  })

  it('is refused: a bit that was flipped in a record', async () => {
    const file = newFile()
    await verify(file)
    const bytes = await readFile(file)
    const at = Math.floor(bytes.length / 2)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(file, bytes)
    await refuses(verify(file), /damaged/)
  })

  it('is checked again: a round whose base or certificate the file has otherwise', async () => {
    const file = newFile()
    const once = await verify(file)
    const [head, genesis, ...rounds] = await recordsOf(file)
    assert.ok(head && genesis)
    const other = (round: number, change: (text: string) => string) => {
      const changed = rounds.map((record) => {
        const text = new TextDecoder().decode(record)
        const isIt = text.includes(`"round":${round},`)
        return new TextEncoder().encode(isIt ? change(text.replace('"reproduced"', '"differs"')) : text)
      })
      return encodeJournal([head, genesis, ...changed])
    }
    const forged = newFile()
    // as it is, the lie is believed: whoever can write the file can lie
    await writeFile(
      forged,
      other(5, (text) => text),
    )
    assert.equal((await verify(forged)).rounds.find(({ round }) => round === 5)?.fusion, 'differs')
    const [base, ofAnother] = [chain.entries[4]?.base, chain.entries[3]?.base]
    await writeFile(
      forged,
      other(5, (text) => text.replaceAll(String(base), String(ofAnother))),
    )
    assert.deepEqual(await verify(forged), once)
    await writeFile(
      forged,
      other(5, (text) => text.replace(/"certificate":"..../, '"certificate":"AAAA')),
    )
    assert.deepEqual(await verify(forged), once)
  })

  it('is checked again: a round of which something was missing', async () => {
    const file = newFile()
    const [input] = chain.head.inputs
    assert.ok(input)
    const store = copyStore(chain.store)
    await store.delete(input)
    const report = await verify(file, { store })
    assert.equal(report.rounds[0]?.fusion, 'unavailable')
    assert.equal((await verify(file)).valid, true)
  })

  it('is told again: what was wrong', async () => {
    const { network, store, entries } = await addRound(await startChain('lies', {}, SMALL_LAYOUT), {
      lie: { card: (card) => Uint8Array.from([...card, 0x0a]) },
    })
    const [first] = entries
    assert.ok(first)
    const options = { network, store, ...first, resume: { file: newFile(), by } }
    const once = await verifyBase(options)
    assert.equal(once.valid, false)
    assert.deepEqual(await verifyBase(options), once)
  })
})
