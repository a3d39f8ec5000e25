import type { CID } from 'multiformats/cid'
import { certificate, precommit } from '../../../protocols/round/messages.ts'
import { compareBytes } from '../../../protocols/wire/bytes.ts'
import { preAuthentication } from '../../../protocols/wire/envelope.ts'
import { chooseSpec, emptySpec } from '../../../src/rounds/spec.ts'
import type { RoundState } from '../../../src/rounds/state.ts'
import { rawSignature, type TestKey, testKeys } from '../../support/protocols/network.ts'
import { buildFake } from '../../support/rounds/fusion.ts'
import type { Decision } from '../disk.ts'
import type { Host } from '../host.ts'
import type { Liar } from './liar.ts'

/** Shows those who ask a base that nobody certified, with a certificate that is none. */
export const presentingLiar: Liar = {
  name: 'presenting',
  speak: (saying) => [{ saying }],
  chain: (self) => {
    const decision = inventedBy(self)
    return decision ? [...self.chain, decision] : self.chain
  },
}

function inventedBy({ state, key, chain }: Host): Decision | null {
  if (chain.length >= state.round) return null
  const spec = chooseSpec(state) ?? emptySpec(state)
  if (!spec) return null
  const { base, bytes } = buildFake(state.network, spec)
  return { round: state.round, base, lineage: bytes, certificate: inventedCertificate(state, key, base), atMs: 0 }
}

/** One of four kinds, by round and time: our own signature over and over, too few, outsiders', and no signatures at all. */
function inventedCertificate(state: RoundState, key: TestKey, base: CID): Uint8Array {
  const { id: network, quorum, members } = state.network
  const view = Math.max(0, state.view)
  const fields = { network, round: state.round, view, base }
  const signed = (signer: TestKey) => {
    const payload = precommit.encode({ ...fields, author: signer.publicKey })
    return { author: signer.publicKey, signature: rawSignature(preAuthentication(payload), signer) }
  }
  const unsigned = (author: Uint8Array) => ({ author, signature: new Uint8Array(64).fill(1) })
  const kinds = [
    () => Array.from({ length: quorum }, () => signed(key)),
    () => [signed(key)],
    () => testKeys(quorum, 'outsider').map(signed),
    () => members.slice(0, quorum).map(unsigned),
  ]
  const kind = kinds[(state.round + state.known.size) % kinds.length]
  const signatures = [...(kind?.() ?? [])].sort((a, b) => compareBytes(a.author, b.author))
  return certificate.encode({ ...fields, signatures })
}
