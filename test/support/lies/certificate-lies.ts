import { certify } from '../../../protocols/round/certificate.ts'
import { certificate as certificateDeclaration } from '../../../protocols/round/messages.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { ratifiedBy } from '../protocols/amendments.ts'
import { precommitsBy } from '../protocols/messages.ts'
import { type TestKey, testCid, testKeys } from '../protocols/network.ts'
import { withLargeScalar } from './forgeries.ts'
import { first, type ToldLie } from './lie.ts'

/** Certificates that are none, of a base that is what it should be. */

const certified = (
  chain: TestChain,
  keys: readonly TestKey[],
  vote: Partial<Parameters<typeof precommitsBy>[1]> = {},
) => {
  const { round, base } = chain.head
  return certify(precommitsBy(keys, { network: chain.network.id, round, view: 0, base, ...vote }), keys.length)
}

type Signature = { readonly author: Uint8Array; readonly signature: Uint8Array }

function signaturesChanged(
  chain: TestChain,
  change: (honest: readonly Signature[]) => readonly Signature[],
): Uint8Array {
  const { kind: _, ...fields } = certificateDeclaration.decode(certified(chain, quorum(chain)))
  return certificateDeclaration.encode({ ...fields, signatures: change(fields.signatures) })
}

const quorum = ({ net }: TestChain) => net.members.slice(0, 3)

const CERTIFICATES: Readonly<Record<string, (chain: TestChain) => Uint8Array | null>> = {
  'no certificate': () => null,
  'a certificate of the round before': (chain) => first(chain.entries).certificate,
  'a certificate of another round': (chain) => certified(chain, quorum(chain), { round: chain.head.round + 1 }),
  'a certificate of another base': (chain) => certified(chain, quorum(chain), { base: testCid('another') }),
  'a certificate of another network': (chain) =>
    certified(chain, quorum(chain), { network: testCid('other', 'message') }),
  'too few signers': (chain) => certified(chain, chain.net.members.slice(0, 2)),
  'too many signers': (chain) => certified(chain, chain.net.members),
  'a stranger among the signers': (chain) =>
    certified(chain, [...chain.net.members.slice(0, 2), ...testKeys(1, 'stranger')]),
  'a signer twice': (chain) => signaturesChanged(chain, ([a, b]) => (a && b ? [a, a, b] : [])),
  'a signer twice, with two signatures': (chain) =>
    signaturesChanged(chain, ([a, b]) => (a && b ? [a, { ...a, signature: withLargeScalar(a.signature) }, b] : [])),
  'signers in another order': (chain) => signaturesChanged(chain, (honest) => honest.toReversed()),
  'a signature with S + L': (chain) =>
    signaturesChanged(chain, (honest) =>
      honest.map((each) => ({ ...each, signature: withLargeScalar(each.signature) })),
    ),
  'signatures of another view': (chain) => {
    const { signatures } = certificateDeclaration.decode(certified(chain, quorum(chain), { view: 1 }))
    return signaturesChanged(chain, () => signatures)
  },
  'a certificate with a byte more': (chain) => Uint8Array.from([...certified(chain, quorum(chain)), 0]),
  'a certificate that is noise': () => Uint8Array.of(0xf6),
}

async function* ofCommittees(): AsyncGenerator<ToldLie> {
  const start = await startChain('committees', {}, SMALL_LAYOUT)
  const [removed, ...others] = start.net.members
  if (removed === undefined) throw new Error('a committee has members')
  const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, { remove: [removed.publicKey] })
  const two = await addRound(await addRound(start, { amendment }), { seeds: [4, 5] })
  const told = { round: 3, link: 'certificate', foundAt: 'signatures' } as const
  const by = async (signers: readonly TestKey[]) => await addRound(two, { seeds: [6, 7], signers })
  yield {
    name: 'certified by the committee before the amendment',
    chain: await by([removed, ...others.slice(0, 2)]),
    ...told,
  }
  yield { name: 'certified by as many as decided before', chain: await by(others.slice(0, 2)), ...told }
  yield { name: 'certified by a member that left', chain: await by([removed, ...others.slice(1)]), ...told }
}

export async function* certificateLies(chain: TestChain): AsyncGenerator<ToldLie> {
  const honest = await addRound(chain, { seeds: [4, 5] })
  const told = { link: 'certificate', foundAt: 'signatures' } as const
  for (const [name, make] of Object.entries(CERTIFICATES)) {
    const certificate = make(honest)
    yield { name, chain: honest, certificate, round: 2, ...told }
    if (certificate === null || certificate.length === 0) continue
    yield {
      name: `${name}, in the round after`,
      chain: await addRound(honest, {
        seeds: [6, 7],
        lie: { lineage: (l) => ({ ...l, parentCertificate: certificate }) },
      }),
      round: 2,
      ...told,
    }
  }
  const early = await addRound(chain, { seeds: [], view: chain.network.terms.round.maxViews - 1 })
  yield { name: 'an empty round before its time', chain: early, round: 2, link: 'lineage', foundAt: 'signatures' }
  yield* ofCommittees()
}
