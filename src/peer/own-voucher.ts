import { fromHex, toHex } from '../../protocols/wire/bytes.ts'
import { requireConfig, writeConfig } from './data-dir.ts'
import type { Asking } from './permission.ts'
import { permissionOf, readVoucher } from './permission.ts'

/** The voucher that this peer has, if any; kept in its config. */
export interface OwnVoucher {
  readonly envelope: Uint8Array | null
  /** Takes another one, unless ours holds longer. `asking` is about the round being run. Durable when it resolves. */
  take(envelope: Uint8Array, asking: Omit<Asking, 'voucher'>): Promise<void>
}

export async function openOwnVoucher(dataDir: string): Promise<OwnVoucher> {
  const { voucher } = await requireConfig(dataDir)
  let envelope = voucher === null ? null : fromHex(voucher)
  return {
    get envelope() {
      return envelope
    },
    take: async (given, asking) => {
      if (envelope !== null && holdsLonger(envelope, given, asking)) return
      await writeConfig(dataDir, { ...(await requireConfig(dataDir)), voucher: toHex(given) })
      envelope = given
    },
  }
}

/** An old invite on a command line must not replace what a newer one brought. */
function holdsLonger(kept: Uint8Array, given: Uint8Array, asking: Omit<Asking, 'voucher'>): boolean {
  const [ours, theirs] = [kept, given].map((envelope) => readVoucher(envelope, asking.network.id)?.until ?? 0)
  return (ours ?? 0) >= (theirs ?? 0) && permissionOf({ ...asking, voucher: kept }).granted
}
