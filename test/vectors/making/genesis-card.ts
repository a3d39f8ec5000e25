import { genesis } from '../../../protocols/genesis/messages.ts'
import { entriesOf, map, text } from '../../support/protocols/cbor.ts'
import { testNetwork } from '../../support/protocols/network.ts'
import { acceptedObject, freezeKind, rejected, wrong } from './file.ts'
import { withValue } from './malformed.ts'

const written = testNetwork({ card: 'card/3' }).bytes
const withCard = (card: string) => map(withValue(entriesOf(written), 'card', text(card)))

export function makeGenesisCard(): void {
  freezeKind('genesis/card.v1.json', {
    kind: genesis.kind,
    carrier: 'object',
    accepted: [acceptedObject('card/3', written), acceptedObject('card/1', withCard('card/1'))],
    rejected: ['card/2', 'card/4', 'card/03', 'Card/3', ''].map((card) =>
      rejected(wrong(`a card called "${card}"`, 'bad-field', withCard(card))),
    ),
  })
}
