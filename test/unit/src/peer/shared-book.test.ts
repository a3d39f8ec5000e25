import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { topicOf } from '../../../../protocols/registry.ts'
import { ACCEPT, ignore, reject } from '../../../../protocols/wire/verdict.ts'
import { openJournal } from '../../../../src/adapters/files/journal.ts'
import { memoryLog } from '../../../../src/adapters/memory/log.ts'
import { memoryNetwork } from '../../../../src/adapters/memory/network.ts'
import { createSharedBook, missingFrom } from '../../../../src/peer/shared-book.ts'
import { ColdmeshError, isColdmeshError } from '../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'
import { testCid, testNetwork } from '../../../support/protocols/network.ts'

const dir = temporaryDirectory()
const { network } = testNetwork()
const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (message: Uint8Array) => new TextDecoder().decode(message)

/** A book of texts with a file of its own: it takes each text once, and no lie. Its disk refuses what is long. */
async function open(t: TestContext, pages: readonly (readonly string[])[] = [], maxPages = 4) {
  const mesh = memoryNetwork()
  const journal = await openJournal(join(dir, t.name.replace(/\W+/g, '-')))
  t.after(() => journal.close())
  const log = memoryLog()
  const held: string[] = []
  const told: string[] = []
  const refused: string[] = []
  const answers = pages.values()
  let asked = 0
  async function* answer() {
    asked++
    for (const text of answers.next().value ?? []) yield bytes(text)
  }
  const book = createSharedBook<string>({
    network,
    gossip: mesh.join('ada').gossip,
    note: ({ what, reason }) => refused.push(`${what} ${reason}`),
    log,
    signal: new AbortController().signal,
    topic: 'reports',
    what: 'report',
    add: (message) => {
      const text = textOf(message)
      if (text.startsWith('lie')) return { verdict: reject('a-lie'), added: null }
      if (held.includes(text)) return { verdict: ignore('known'), added: null }
      held.push(text)
      return { verdict: ACCEPT, added: text }
    },
    tell: (text, from) => told.push(`${text} by ${from}`),
    store: async (text) => {
      if (text.startsWith('long')) throw new ColdmeshError('refused', 'The disk is full.')
      await journal.append(bytes(text))
    },
    ask: () => [answer()],
    maxPages,
  })
  const stored = () => journal.records.map(textOf)
  const events = () => log.entries.map(({ event }) => event)
  return { book, mesh, held, told, refused, stored, events, asked: () => asked }
}

describe('createSharedBook', () => {
  it('tells and keeps what is new, once, in its order', async (t) => {
    const { book, told, refused, stored } = await open(t)
    assert.equal(book.receive(bytes('one')).verdict, 'accept')
    assert.equal(book.receive(bytes('one')).verdict, 'ignore')
    await book.take(bytes('two'), 'self').written
    assert.deepEqual(told, ['one by gossip', 'two by self'])
    assert.deepEqual(stored(), ['one', 'two'])
    assert.deepEqual(refused, [])
  })

  it('tells people of what is provably wrong, and holds nothing of it', async (t) => {
    const { book, held, refused } = await open(t)
    assert.equal(book.receive(bytes('lie')).verdict, 'reject')
    assert.deepEqual([held, refused], [[], ['report a-lie']])
  })

  it('goes on after a write that the disk refused, which whoever waits for it hears', async (t) => {
    const { book, held, stored, events } = await open(t)
    book.receive(bytes('long one'))
    const { written } = book.take(bytes('long two'), 'self')
    book.receive(bytes('three'))
    void book.write(async () => {
      throw new ColdmeshError('refused', 'The disk is full.')
    })
    await assert.rejects(written, (error) => isColdmeshError(error, 'refused'))
    await book.stop()
    assert.deepEqual([held.length, stored()], [3, ['three']])
    assert.deepEqual(events(), ['report-not-stored', 'report-not-stored', 'report-not-stored'])
  })

  it('asks a neighbour again until a page brings nothing', async (t) => {
    const { book, told, asked } = await open(t, [['one', 'two'], ['three'], ['three']])
    await book.syncWith('ben')
    assert.deepEqual(told, ['one by sync', 'two by sync', 'three by sync'])
    assert.equal(asked(), 3)
  })

  it('asks for so many pages at the most', async (t) => {
    const { book, held, asked } = await open(t, [['one'], ['two'], ['three']], 2)
    await book.syncWith('ben')
    assert.deepEqual([held, asked()], [['one', 'two'], 2])
  })

  it('asks a neighbour that passes on a lie no more, and keeps what came before it', async (t) => {
    const { book, held, refused, events, asked } = await open(t, [['one', 'lie', 'two'], ['three']])
    await book.syncWith('ben')
    assert.deepEqual([held, refused, asked()], [['one'], [], 1])
    assert.deepEqual(events(), ['reports-sync-failed'])
  })

  it('announces on its topic', async (t) => {
    const { book, mesh } = await open(t)
    const heard = new Promise<string>((resolve) => {
      mesh.join('ben').gossip.subscribe(topicOf(String(network), 'reports'), (message) => {
        resolve(textOf(message.bytes))
        return ACCEPT
      })
    })
    await book.announce(bytes('one'))
    assert.equal(await heard, 'one')
  })
})

describe('missingFrom', () => {
  it('gives a page of what is not there yet', () => {
    const held = ['one', 'two', 'three', 'four'].map((text) => ({ id: testCid(text), envelope: bytes(text) }))
    assert.deepEqual(missingFrom(held, [testCid('two')], 2).map(textOf), ['one', 'three'])
  })
})
