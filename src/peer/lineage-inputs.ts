import type { CID } from 'multiformats/cid'
import { type Contribution, contribution as contributionDeclaration } from '../../protocols/contribution/messages.ts'
import type { Lineage } from '../../protocols/lineage/messages.ts'
import { isSigned, openEnvelope, type Signed } from '../../protocols/wire/envelope.ts'

/** The contributions that a base was fused from; those whose signature does not hold are left out. */
export function inputsOf({ inputs }: Pick<Lineage, 'inputs'>, network: CID): readonly Signed<Contribution>[] {
  return inputs.flatMap((envelope) => {
    const signed = openEnvelope(envelope, [contributionDeclaration], network)
    return isSigned(signed) ? [signed] : []
  })
}
