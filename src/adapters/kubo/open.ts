import { parseKuboAddress } from './address.ts'
import { createKuboBlocks, type KuboBlocks } from './blocks.ts'
import { greetKubo } from './greet.ts'
import { PIN_PREFIX } from './pins.ts'
import { createKuboRpc } from './rpc.ts'

export interface OpenKubo extends KuboBlocks {
  /** Of Kubo. */
  readonly version: string
}

/**
 * The blocks that a Kubo node keeps for one peer.
 * @param options.id whose: part of the names of its pins
 * @throws ColdmeshError `bad-input` (the address), `refused` (nobody there, or not Kubo), `unsupported` (too old)
 */
export async function openKubo(options: { readonly address: string; readonly id: string }): Promise<OpenKubo> {
  const rpc = createKuboRpc(parseKuboAddress(options.address))
  const version = await greetKubo(rpc)
  return { version, ...createKuboBlocks({ rpc, pinName: PIN_PREFIX + options.id }) }
}
