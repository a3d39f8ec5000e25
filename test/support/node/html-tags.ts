import assert from 'node:assert/strict'

export interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

const VOID = ['meta', 'br']
const RAW = ['style']
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

export const decodeEntities = (text: string) =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name] ?? '')

/**
 * Reads a document that is stricter than HTML asks for: every element is closed in order, every attribute has a quoted value or none, and text
 * has no bare angle bracket. Whatever is not so is an assertion error; a browser would have to guess there.
 */
export function readTags(page: string): { readonly tags: readonly Tag[]; readonly text: string } {
  const tags: Tag[] = []
  const open: string[] = []
  let text = ''
  let at = page.indexOf('>') + 1
  assert.equal(page.slice(0, at), '<!doctype html>')
  while (at < page.length) {
    const next = page.indexOf('<', at)
    const end = next < 0 ? page.length : next
    const between = page.slice(at, end)
    assert.doesNotMatch(between, />/, `a bare > at ${at}`)
    text += decodeEntities(between)
    if (next < 0) break
    const found = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*(?:="[^"<>]*")?)*)\s*(\/?)>/.exec(
      page.slice(next, next + 20_000),
    )
    assert.ok(found, `no tag at ${next}: ${page.slice(next, next + 80)}`)
    const [whole, close, name = '', attributes = '', isEmpty] = found
    at = next + whole.length
    if (close) assert.equal(open.pop(), name, `a wrong end of ${name} at ${next}`)
    else {
      const pairs = [...attributes.matchAll(/([a-zA-Z][a-zA-Z0-9:-]*)(?:="([^"]*)")?/g)]
      tags.push({ name, attributes: new Map(pairs.map(([, key = '', value = '']) => [key, decodeEntities(value)])) })
      if (RAW.includes(name)) at = page.indexOf(`</${name}>`, at) + `</${name}>`.length
      else if (!isEmpty && !VOID.includes(name)) open.push(name)
    }
  }
  assert.deepEqual(open, [])
  return { tags, text }
}
