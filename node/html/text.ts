import { type Html, html } from '../lab/html.ts'
import { show } from '../text/escape.ts'

const MAX_TEXT = 64

/** What a peer wrote: escaped, without anything invisible, cut, and of its own direction. */
export function peerText(text: string, maxLength = MAX_TEXT): Html {
  return html`<bdi>${show(text, { maxLength })}</bdi>`
}

/** A CID, key or hash: its end, with the whole of it for whoever points at it or copies it. */
export function idCell(id: string): Html {
  const safe = show(id, { maxLength: 128 })
  return html`<code class="id" title="${safe}">…${safe.slice(-8)}</code>`
}

/** The whole of a CID, key or hash. */
export function wholeId(id: string): Html {
  return html`<code class="id whole">${show(id, { maxLength: 128 })}</code>`
}

/** `x-` and what may stand in an element's id. */
export function anchorOf(kind: string, name: string | number): string {
  return `${kind}-${String(name)
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 128)}`
}

/** Three digits that tell something. */
export function numberText(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : '?'
}
