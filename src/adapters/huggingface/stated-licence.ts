import { CARD_NAME } from '../../checkpoint/base.ts'
import { cardOfLicence, licenceOfCard } from '../../checkpoint/card-licence.ts'
import { readSmall } from './read-file.ts'

/** What a model directory's README.md states as its licence, if it can go into a base's card; else null. @throws ColdmeshError `bad-input`, `too-large` */
export async function readStatedLicence(directory: string): Promise<string | null> {
  const card = await readSmall(directory, CARD_NAME)
  const license = card === null ? null : licenceOfCard(new TextDecoder().decode(card))
  return license === null || cardOfLicence(license) === null ? null : license
}
