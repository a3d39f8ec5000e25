import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ColdmeshError, type LogEntry } from 'coldmesh'
import { collectLineage, type LineageSource } from '../../../../node/html/collect.ts'
import { renderLineage } from '../../../../node/html/page.ts'
import { readTags } from '../../../support/node/html-tags.ts'
import { cidOf, entriesOf, type LineageShape, sourceOf } from '../../../support/node/lineage.ts'

const signal = new AbortController().signal
const shape: LineageShape = { rounds: 20, inputs: (round) => (round % 6 === 0 ? 0 : round % 25), isClipped: true }

async function pageOf(shape: LineageShape, changes: Partial<LineageSource> = {}, limit?: number): Promise<string> {
  const options = { signal, ...(limit === undefined ? {} : { limit }) }
  return renderLineage(await collectLineage(sourceOf(shape, changes), options), { version: '1.2.3' })
}

describe('the lineage page', () => {
  it('is one document that loads nothing and runs nothing', async () => {
    const page = await pageOf(shape)
    const { tags } = readTags(page)
    const [first, second] = tags.filter(({ name }) => name === 'meta')
    assert.equal(first?.attributes.get('charset'), 'utf-8')
    assert.match(
      second?.attributes.get('content') ?? '',
      /^default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'/,
    )
    const names = new Set(tags.map(({ name }) => name))
    for (const name of [
      'script',
      'link',
      'img',
      'iframe',
      'object',
      'embed',
      'form',
      'use',
      'image',
      'foreignObject',
    ]) {
      assert.ok(!names.has(name), name)
    }
    const keys = new Set(tags.flatMap(({ attributes }) => [...attributes.keys()]))
    assert.deepEqual(
      [...keys].filter((key) => /^on|^src|^style$|^action$|^xlink/.test(key)),
      [],
    )
    assert.doesNotMatch(page, /url\(|@import|javascript:/)
    assert.deepEqual([...new Set(page.match(/https?:\/\/[^"\s<]*/g))], ['http://www.w3.org/2000/svg'])
  })

  it('leads only to what is in it, and has no id twice', async () => {
    const { tags } = readTags(await pageOf(shape))
    const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? [])
    assert.equal(new Set(ids).size, ids.length)
    const targets = tags.flatMap(({ attributes }) => attributes.get('href') ?? [])
    assert.ok(targets.length > 100)
    assert.deepEqual(
      targets.filter((target) => !target.startsWith('#') || !ids.includes(target.slice(1))),
      [],
    )
  })

  it('has every round, contribution, amendment, exclusion, report and piece of evidence', async () => {
    const { tags, text } = readTags(await pageOf(shape))
    const titles = tags.flatMap(({ attributes }) => attributes.get('title') ?? []).join('\n')
    const ids = new Set(tags.flatMap(({ attributes }) => attributes.get('id') ?? []))
    let count = 0
    for await (const { round, base, inputs, amendment, excluded, evidence } of entriesOf(shape)) {
      assert.ok(ids.has(`round-${round}`) && text.includes(base), `round ${round}`)
      for (const { id, checkpoint, commitment, author } of inputs) {
        count++
        assert.ok(ids.has(`c-${id}`) && [id, checkpoint, commitment, author].every((one) => text.includes(one)), id)
      }
      if (amendment !== null) assert.ok(titles.includes(amendment.id))
      for (const { id } of excluded) assert.ok(titles.includes(id))
      assert.equal(
        evidence.length,
        (text.match(new RegExp(`contradicted itself in round ${round}:`, 'g')) ?? []).length,
      )
    }
    assert.ok(count > 100)
    assert.match(text, new RegExp(`\\b${count}\\s*contributions in these weights`))
    assert.match(text, /task 1, frozen/)
  })

  it('keeps what peers wrote as text: the same elements, nothing invisible', async () => {
    const hostile = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "'--></style></svg><iframe>",
      '&lt;b&gt; &#x3c;',
      'a\u202eb\u0000c\u001b[31m\u200b\n</title>',
      ']]><![CDATA[',
      'javascript:alert(1)',
    ]
    const evil: LineageShape = { ...shape, text: (_, n) => `${hostile[n % hostile.length]} ${n % 7}` }
    const plain: LineageShape = { ...shape, text: (_, n) => `text ${n % 7}` }
    const page = await pageOf(evil)
    const [worse, better] = [readTags(page), readTags(await pageOf(plain))]
    const order = (read: ReturnType<typeof readTags>) =>
      read.tags.map(({ name, attributes }) => `${name} ${[...attributes.keys()]}`)
    assert.deepEqual(order(worse), order(better))
    assert.ok(worse.text.includes('<script>alert(1)</script> 0'))
    for (const point of [0x202e, 0x200b, 0, 0x1b]) assert.ok(!page.includes(String.fromCodePoint(point)), `U+${point}`)
  })

  it('tells old rounds by the hundred, and stays small', async () => {
    const long: LineageShape = { rounds: 2_345, inputs: () => 8 }
    const lineage = await collectLineage(sourceOf(long), { signal })
    assert.deepEqual([lineage.rounds.length, lineage.rounds.at(-1)?.round], [200, 2146])
    const { folded } = lineage
    assert.deepEqual([folded.at(0)?.last, folded.at(0)?.first, folded.at(-1)?.first], [2145, 2101, 1])
    assert.equal(
      folded.reduce((sum, range) => sum + range.rounds, 200),
      2_345,
    )
    assert.equal(
      folded.reduce((sum, range) => sum + range.inputs, 0),
      2_145 * 8,
    )
    assert.equal(folded[1]?.base, cidOf('base 2100'))
    assert.deepEqual(
      lineage.contributors.map(({ fused }) => fused),
      [...Array.from({ length: 8 }, () => 2_345), 0],
    )
    const page = renderLineage(lineage, { version: '1.2.3' })
    assert.ok(page.length < 3_000_000, `${page.length} bytes`)
    readTags(page)
  })

  it('tells as many rounds one by one as was asked for, and no more contributions than a page can take', async () => {
    const few = await collectLineage(sourceOf(shape), { signal, limit: 3 })
    assert.deepEqual([few.rounds.length, few.folded[0]?.last], [3, 17])
    const crowded = await collectLineage(sourceOf({ rounds: 100, inputs: () => 64 }), { signal })
    assert.equal(crowded.rounds.length, Math.floor(2_000 / 64))
  })

  it('says which norms were measured, and which are stated', async () => {
    const first = async () => [3.5, null]
    const { text } = readTags(await pageOf({ rounds: 1, inputs: () => 2, isClipped: true }, { measure: first }))
    assert.match(text, /3\.50 measured/)
    assert.match(text, /2\.00 stated/)
    assert.match(text, /50\.0 %/)
    const plain = readTags(await pageOf({ rounds: 1, inputs: () => 2 }, { measure: async () => null }))
    assert.equal(plain.text.match(/not here/g)?.length, 2)
  })

  it('says where the history ends, and throws what does not end it', async () => {
    async function* cut(code: 'block-missing' | 'refused'): AsyncGenerator<LogEntry> {
      for await (const entry of entriesOf(shape)) {
        if (entry.round === 17) throw new ColdmeshError(code, 'no more of it <here>')
        yield entry
      }
    }
    const { text } = readTags(await pageOf(shape, { log: () => cut('block-missing') }))
    assert.match(text, /is not here: no more of it <here>/)
    assert.match(text, /what came before is not here/)
    await assert.rejects(pageOf(shape, { log: () => cut('refused') }), /no more of it/)
  })

  it('is there for a network without a round', async () => {
    const { text } = readTags(await pageOf({ rounds: 0, inputs: () => 0 }))
    assert.match(text, /where the base of round 0 comes from/)
    assert.match(text, /genesis/)
  })
})
