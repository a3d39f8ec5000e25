import type { CID } from 'multiformats/cid'
import { certificate as certificateDeclaration } from '../../protocols/round/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Chain } from './chain.ts'

/**
 * A chain is of the network that its certificates name. Where the config names another, one flipped letter would otherwise
 * send this peer looking for a genesis that nobody has.
 * @throws ColdmeshError `refused`
 */
export function requireSameNetwork(network: CID, { entries }: Pick<Chain, 'entries'>): void {
  const last = entries.at(-1)
  if (last === undefined) return
  const certified = certificateDeclaration.decode(last.certificate).network
  if (equalCids(certified, network)) return
  throw new ColdmeshError('refused', `config.json names the network ${network}, the chain here is of ${certified}.`, {
    facts: { network: String(network), chain: String(certified) },
    hint: `Mend config.json: "network": "${certified}".`,
  })
}
