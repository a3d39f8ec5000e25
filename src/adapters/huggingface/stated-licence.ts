import { CARD_NAME } from '../../checkpoint/base.ts'
import { cardOfLicence, licenceOfCard } from '../../checkpoint/card-licence.ts'
import { readSmall } from './read-file.ts'
import type { NamedFile } from './tokenizer-files.ts'

export interface StatedLicence {
  /** A text of whoever made the model; null where README.md states none, or one that can't go into a card. */
  readonly license: string | null
  /** The card of the base: of the model's own the licence goes along, and nothing else. None without one. */
  readonly files: readonly NamedFile[]
}

/** What a model directory's README.md states as its licence. @throws ColdmeshError `bad-input`, `too-large` */
export async function readStatedLicence(directory: string): Promise<StatedLicence> {
  const told = await readSmall(directory, CARD_NAME)
  const license = told === null ? null : licenceOfCard(new TextDecoder().decode(told))
  const card = license === null ? null : cardOfLicence(license)
  return card === null
    ? { license: null, files: [] }
    : { license, files: [{ name: CARD_NAME, bytes: Buffer.from(card) }] }
}
