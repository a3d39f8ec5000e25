import { compareBytes, parseCid } from '../../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../../protocols/wire/election.ts'
import type { Signer } from '../../../src/ports/system.ts'
import { newKey } from './liar/contribution.ts'

const TRIES = 64

/** Of many keys the one that the round's lottery draws first: what an attacker would use. */
export function lowTicket(network: string, round: number): Signer {
  const cid = parseCid(network)
  if (!cid) throw new Error('the network id is a CID')
  const seed = roundSeed(cid, round)
  const ticketOf = ({ key }: Signer) => lotteryTicket(key, seed)
  const [first] = Array.from({ length: TRIES }, newKey).sort((a, b) => compareBytes(ticketOf(a), ticketOf(b)))
  if (!first) throw new Error('there are keys')
  return first
}
