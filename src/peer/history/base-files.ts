import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import {
  assembleBase,
  type BaseFile,
  baseFile,
  CARD_NAME,
  LINEAGE_NAME,
  type OpenedBase,
  WEIGHTS_NAME,
} from '../../checkpoint/base.ts'
import { renderCard } from '../../checkpoint/card.ts'
import { isFileCid } from '../../checkpoint/unixfs.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { cardFacts } from '../card-facts.ts'
import { type BadLink, badLinkOf } from './bad-link.ts'
import type { LoadedRound } from './load-round.ts'
import type { RoundContents } from './open-round.ts'

/** The name of a file of a base as a link. */
export function linkOfFile(name: string): string {
  if (name === WEIGHTS_NAME) return 'weights'
  if (name === CARD_NAME) return 'card'
  return name === LINEAGE_NAME ? 'lineage' : `file ${name}`
}

/**
 * Compares a base's directory with the one that its lineage gives: the genesis' config and tokenizer, the lineage's
 * weights, the card rendered again, the lineage.
 * @param options.shared the genesis' files; null when they are not known, then the directory's own are taken
 * @param options.contents null when the card can't be rendered
 * @returns `expected` is the CID that the directory should have, null when that can't be said
 */
export function checkFiles(options: {
  readonly network: NetworkFacts
  readonly shared: readonly BaseFile[] | null
  readonly loaded: LoadedRound
  readonly contents: RoundContents | null
}): { readonly expected: CID | null; readonly bad: readonly BadLink[] } {
  const { network, loaded, contents } = options
  const { lineage, files } = loaded
  const shared = options.shared ?? files.shared
  if (!isFileCid(lineage.weights, network.genesis.bytes)) {
    const reason = `It names ${lineage.weights} as weights, which is no file of ${network.genesis.bytes} bytes.`
    return { expected: null, bad: [{ link: 'lineage', reason }] }
  }
  const weights = baseFile(WEIGHTS_NAME, lineage.weights, network.genesis.bytes)
  if (contents === null) return { expected: null, bad: differences(files, [...shared, weights]) }
  try {
    const card = renderCard(cardFacts(network, { ...lineage, amendment: lineage.amendment, ...contents }))
    const { cid, blocks } = assembleBase({ shared, weights, card, lineage: loaded.bytes })
    if (equalCids(cid, loaded.base)) return { expected: cid, bad: [] }
    const [cardBlock, lineageBlock] = blocks
    const own = [
      ...(cardBlock ? [baseFile(CARD_NAME, cardBlock.cid, card.length)] : []),
      ...(lineageBlock ? [baseFile(LINEAGE_NAME, lineageBlock.cid, loaded.bytes.length)] : []),
    ]
    const bad = differences(files, [...shared, weights, ...own])
    if (bad.length > 0) return { expected: cid, bad }
    return { expected: cid, bad: [{ link: 'directory', reason: 'It states other sizes than its files have.' }] }
  } catch (error) {
    return { expected: null, bad: [badLinkOf(error, 'card')] }
  }
}

/** Files of `opened` that are not as `expected`; names that `expected` lacks count only when it has a card. */
export function differences(opened: Pick<OpenedBase, 'files'>, expected: readonly BaseFile[]): BadLink[] {
  const actual = new Map(opened.files.map((file) => [file.name, file]))
  const bad: BadLink[] = []
  for (const { name, cid } of expected) {
    const file = actual.get(name)
    actual.delete(name)
    if (file === undefined) bad.push({ link: linkOfFile(name), reason: `The directory lacks ${name}.` })
    else if (!equalCids(file.cid, cid)) {
      bad.push({ link: linkOfFile(name), reason: `other-bytes: ${name} is ${file.cid} where ${cid} should be.` })
    }
  }
  for (const name of actual.keys()) {
    const isUnknown = name === CARD_NAME || name === LINEAGE_NAME
    if (!isUnknown) bad.push({ link: linkOfFile(name), reason: `The genesis' base has no ${name}.` })
  }
  return bad
}
