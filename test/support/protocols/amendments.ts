import type { CID } from 'multiformats/cid'
import { type Amendment, type Approval, amendment, approval } from '../../../protocols/membership/messages.ts'
import { ratify } from '../../../protocols/membership/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { sign, type TestKey, type TestNetwork } from './network.ts'

export type Change = Amendment['change']

/** Bytes of an amendment. */
export function amendmentOf(
  { network }: Pick<TestNetwork, 'network'>,
  change: Change,
  previous: CID | null = null,
): Uint8Array {
  return amendment.encode({ network, previous, change })
}

export function approvalsBy(
  keys: readonly TestKey[],
  { network }: Pick<TestNetwork, 'network'>,
  bytes: Uint8Array,
): readonly Signed<Approval>[] {
  return keys.map((key) => sign(approval, { network, amendment: bytes }, key))
}

/** A ratification by these members. */
export function ratifiedBy(
  keys: readonly TestKey[],
  net: Pick<TestNetwork, 'network'>,
  change: Change,
  previous: CID | null = null,
): Uint8Array {
  return ratify(approvalsBy(keys, net, amendmentOf(net, change, previous)), keys.length)
}
