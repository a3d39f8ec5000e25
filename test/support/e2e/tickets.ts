import { compareBytes, parseCid } from '../../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../../protocols/wire/election.ts'
import type { Signer } from '../../../src/ports/system.ts'
import { newKey } from './liar/contribution.ts'

const TRIES = 64

/** New keys that a round's lottery draws before this one, and the lowest tickets first. */
export function keysBefore(network: string, round: number, key: Uint8Array, count: number): readonly Signer[] {
  const seed = seedOf(network, round)
  const ticketOf = (author: Uint8Array) => lotteryTicket(author, seed)
  const found: Signer[] = []
  for (let tries = 0; found.length < count && tries < 10_000; tries++) {
    const made = newKey()
    if (compareBytes(ticketOf(made.key), ticketOf(key)) < 0) found.push(made)
  }
  return found.sort((a, b) => compareBytes(ticketOf(a.key), ticketOf(b.key)))
}

/** Of these keys the one that the round's lottery draws last. */
export function lastDrawn(network: string, round: number, keys: readonly Uint8Array[]): Uint8Array {
  const seed = seedOf(network, round)
  const last = keys.toSorted((a, b) => compareBytes(lotteryTicket(a, seed), lotteryTicket(b, seed))).at(-1)
  if (!last) throw new Error('there are keys')
  return last
}

function seedOf(network: string, round: number): Uint8Array {
  const cid = parseCid(network)
  if (!cid) throw new Error('the network id is a CID')
  return roundSeed(cid, round)
}

/** Of many keys the one that the round's lottery draws first: what an attacker would use. */
export function lowTicket(network: string, round: number): Signer {
  const seed = seedOf(network, round)
  const ticketOf = ({ key }: Signer) => lotteryTicket(key, seed)
  const [first] = Array.from({ length: TRIES }, newKey).sort((a, b) => compareBytes(ticketOf(a), ticketOf(b)))
  if (!first) throw new Error('there are keys')
  return first
}
