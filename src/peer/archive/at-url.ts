import type { CID } from 'multiformats/cid'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/** What a URL leads to. */
export type Target =
  /** Something that answers with the bytes of an archive. */
  | { readonly kind: 'file'; readonly url: URL }
  /** A CID at a gateway. `isAsked`: the URL itself asks for blocks. */
  | { readonly kind: 'content'; readonly url: URL; readonly gateway: URL; readonly cid: CID; readonly isAsked: boolean }

/** @throws ColdmeshError `bad-input` */
export function readTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !isWebUrl(text)) {
    throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is no http or https URL.`, {
      hint: 'name one such as https://HOST/FILE.car, or https://HOST/ipfs/CID',
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new ColdmeshError('bad-input', 'The URL has a user or a password in it.', { hint: 'leave them out' })
  }
  const [, name = ''] = /^\/ipfs\/([A-Za-z0-9]+)\/?$/.exec(url.pathname) ?? []
  const cid = parseCid(name)
  if (cid === null) return { kind: 'file', url }
  const isAsked = ['raw', 'car'].includes(url.searchParams.get('format') ?? '')
  return { kind: 'content', url, gateway: new URL(url.origin), cid, isAsked }
}

/** Whether this is a URL rather than a path or a CID. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}
