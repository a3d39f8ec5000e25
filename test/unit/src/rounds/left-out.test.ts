import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedLineage, openLineage } from '../../../../protocols/lineage/rules.ts'
import { compareBytes } from '../../../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../../../protocols/wire/election.ts'
import { leftOut } from '../../../../src/rounds/left-out.ts'
import { lineageView } from '../../../../src/rounds/views.ts'
import { testCid, testKey } from '../../../support/protocols/network.ts'
import { type Bench, type BenchOptions, createBench } from '../../../support/rounds/bench.ts'

/** Whom everybody lists, and why the others are left out of the base, by author. */
function leavesOut(bench: Bench, listed: Parameters<Bench['list']>[1]): Record<string, string> {
  const lists = [0, 1, 2].map((member) => bench.list(member, listed))
  const opened = openLineage(bench.base(lists).bytes, lineageView(bench.state.head))
  assert.ok(isOpenedLineage(opened))
  const names = new Map(NAMES.map((name) => [Buffer.from(testKey(name).publicKey).toString('hex'), name]))
  return Object.fromEntries(
    leftOut(bench.state, opened).map(({ entry, reason }) => [
      `${names.get(Buffer.from(entry.contribution.author).toString('hex'))}`,
      reason,
    ]),
  )
}

const NAMES = ['original', 'copycat', 'late', 'on its way', 'broken', 'twice']
const start = (options: BenchOptions = {}) => createBench({ manual: ['fetch-checkpoint'], ...options })

function held(bench: Bench, name: string, fields?: Parameters<Bench['contribute']>[1]) {
  const signed = bench.contribute(name, fields)
  bench.feed({ type: 'checkpoint', id: signed.id, reason: null })
  return signed
}

describe('leftOut', () => {
  it('says nothing of inputs, and of what was refused before', () => {
    const bench = start()
    const original = held(bench, 'original')
    bench.feed({ type: 'checkpoint', id: bench.contribute('broken').id, reason: 'not-finite' })
    assert.deepEqual(leavesOut(bench, [original]), {})
  })

  it('tells what is late, on its way, or one too many of its author', () => {
    const bench = start()
    const original = held(bench, 'original')
    held(bench, 'late')
    bench.contribute('on its way')
    const once = held(bench, 'twice')
    held(bench, 'twice', { checkpoint: testCid('another', 'file') })
    assert.deepEqual(leavesOut(bench, [original, once]), {
      late: 'not-listed',
      'on its way': 'unavailable',
      twice: 'author',
    })
  })

  it('calls the copy a copy, though the lottery would draw it first', () => {
    const bench = start()
    const seed = roundSeed(bench.net.network, 1)
    const ticket = (name: string) => lotteryTicket(testKey(name).publicKey, seed)
    const [first = '', second = ''] = ['original', 'copycat'].sort((a, b) => compareBytes(ticket(a), ticket(b)))
    const one = held(bench, second)
    held(bench, first, { checkpoint: one.message.checkpoint })
    assert.deepEqual(leavesOut(bench, [one]), { [first]: 'copy' })
  })

  it('repeats what the lineage says', () => {
    const bench = start()
    const original = held(bench, 'original')
    const copy = held(bench, 'copycat', { checkpoint: original.message.checkpoint })
    assert.deepEqual(Object.values(leavesOut(bench, [original, copy])), ['copy'])
  })

  it('leaves all that is held to the round after an empty one', () => {
    const bench = start()
    held(bench, 'late')
    bench.contribute('on its way')
    const opened = openLineage(
      bench.base(
        [0, 1, 2].map((member) => bench.list(member, [])),
        (spec) => ({ ...spec, inputs: [], excluded: [] }),
      ).bytes,
      lineageView(bench.state.head),
    )
    assert.ok(isOpenedLineage(opened) && opened.isEmpty)
    assert.deepEqual(
      leftOut(bench.state, opened).map(({ reason }) => reason),
      ['unavailable'],
    )
  })

  it('does not know why, where it only follows', () => {
    const bench = start({ self: null })
    const original = bench.contribute('original')
    bench.contribute('late')
    assert.deepEqual(leavesOut(bench, [original]), {})
  })
})
