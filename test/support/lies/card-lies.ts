import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { parseRule } from '../../../src/fusion/rule-text.ts'
import { addRound, startChain, type TestChain, type TestRoundOptions, utf8 } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { ratifiedNext, rollBack, threeToRevert } from '../history/rollbacks.ts'
import type { ToldLie } from './lie.ts'

/** A card that says another thing than genesis and lineage give. Each is of a round that has all that a card can tell. */

type Version = Genesis['card']
type Change = (card: string) => string

const replaced =
  (what: string | RegExp, by: string): Change =>
  (card) =>
    card.replace(what, by)

/** From the line that begins a section to the one before the next. */
const without =
  (title: string): Change =>
  (card) =>
    card.replace(new RegExp(`\n## ${title}\n[\\s\\S]*?(?=\n## )`), '')

const BOTH: Readonly<Record<string, Change>> = {
  'a card that tells another story': replaced('round 2', 'round 9'),
  'a card with a byte more': (card) => `${card}\n`,
  'a card with a byte less': (card) => card.slice(0, -1),
  'a card with other line ends': (card) => card.replaceAll('\n', '\r\n'),
  'a card that states a licence': replaced('not stated', 'MIT'),
  'a card that does not escape': replaced('&#124;', '|'),
  'a card without what was left out': without('Left out'),
  'a card that leaves an input out': replaced(/\n\| [^|]*\| `[a-z0-9]{59}` \|[^\n]*/, ''),
  'a card by another author': replaced(/`[0-9a-f]{64}`/, `\`${'ab'.repeat(32)}\``),
  'a card with a base model': replaced('tags:', 'base_model: bert-base-uncased\ntags:'),
}

const NEWER: Readonly<Record<string, Change>> = {
  'a card with another factor': replaced(/\d+\/65536 of/, '1/65536 of'),
  'a card with another norm': replaced(/`[0-9a-f]{16}`/, `\`${'0'.repeat(16)}\``),
  'a card without its committee': without('Committee'),
  'a card that renames a member': replaced('member-0', 'member-9'),
  'a card without its amendment': without('Amendment'),
  'a card whose amendment holds sooner': replaced('From round 4 on', 'From round 3 on'),
  'a card whose amendment changes less': replaced(/\n- maxViews[^\n]*/, ''),
  'a card with another commitment': replaced(/`[0-9a-f]{64}` \|\n/, `\`${'0'.repeat(64)}\` |\n`),
}

const ROLLED: Readonly<Record<string, Change>> = {
  'a card that tells of no rollback': replaced(
    /None: a quorum[\s\S]*?no more\./,
    'None: this round kept the weights of its parent.',
  ),
  'a card of a rollback to another base': replaced(/(earlier base, )`[a-z0-9]+`/, '$1`bafybeia`'),
}

async function telling(chain: TestChain, options: TestRoundOptions, change: Change): Promise<TestChain> {
  const card = (honest: Uint8Array) => {
    const text = new TextDecoder().decode(honest)
    const told = change(text)
    if (told === text) throw new Error('a lie is not what an honest card says')
    return utf8(told)
  }
  return await addRound(chain, { ...options, lie: { card } })
}

export async function* cardLies(version: Version): AsyncGenerator<ToldLie> {
  const card = { card: version }
  const named = (name: string) => ({ name: `${name} (${version})`, link: 'card', foundAt: 'signatures' }) as const
  const start = await startChain('a | b', { ...card, fusion: parseRule('clipped-mean/1') }, SMALL_LAYOUT)
  const chain = await addRound(start, {})
  const amendment = ratifiedNext(chain, { quorum: 'crash', round: { maxViews: 9, collectMs: 5 } })
  const options: TestRoundOptions = { seeds: [4, 20], isCrowded: true, amendment }
  const lies = { ...BOTH, ...(version === 'card/1' ? {} : NEWER) }
  for (const [name, change] of Object.entries(lies)) {
    yield { ...named(name), chain: await telling(chain, options, change), round: 2 }
  }
  const other = await addRound(
    await startChain('a | b', { card: version === 'card/1' ? 'card/3' : 'card/1' }, SMALL_LAYOUT),
    {},
  )
  const { card: cid } = await openBase(other.head.base, other.store.get)
  const text = cid === null ? '' : new TextDecoder().decode(await other.store.get(cid))
  yield { ...named('a card of another version'), chain: await telling(chain, options, () => text), round: 2 }
  const three = await threeToRevert(card)
  for (const [name, change] of Object.entries(ROLLED)) {
    yield { ...named(name), chain: await rolled(three, change), round: 4 }
  }
}

async function rolled(chain: TestChain, change: Change): Promise<TestChain> {
  const honest = await rollBack(chain, 1)
  const { amendment } = honest.entries.at(-1) ?? {}
  return await telling(chain, amendment === undefined ? {} : { amendment }, change)
}
