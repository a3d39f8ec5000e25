import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { certificate as certificateDeclaration, inclusionList, precommit } from '../../../protocols/round/messages.ts'
import type { SyncBase } from '../../../protocols/sync/messages.ts'
import { isSigned, openEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { partOf } from './part.ts'
import { readRounds } from './rounds-file.ts'

/**
 * Part of bench.ts: the signatures of the rounds and nothing else, by node:crypto alone, keys made beforehand. Each once:
 * the certificate of its parent in a lineage is the one that came with the parent.
 */
const { paths } = partOf(process.argv)
let signatures = 0
let cpuSeconds = 0
for await (const base of readRounds(paths.rounds)) {
  const checks = signaturesOf(base)
  const before = process.cpuUsage()
  for (const { message, key, signature } of checks) {
    if (!verify(null, message, key, signature)) throw new Error('a signature does not hold')
  }
  const { user, system } = process.cpuUsage(before)
  cpuSeconds += (user + system) / 1e6
  signatures += checks.length
}
process.stdout.write(JSON.stringify({ signatures, cpuSeconds }))

type Author = { readonly kind: string; readonly network: CID; readonly author: Uint8Array }

interface Check {
  readonly message: Uint8Array
  readonly key: KeyObject
  readonly signature: Uint8Array
}

function signaturesOf(base: SyncBase): readonly Check[] {
  const { lists, inputs, excluded } = lineageDeclaration.decode(base.lineage)
  const { signatures, network, round, view, base: certified } = certificateDeclaration.decode(base.certificate)
  return [
    ...lists.map((envelope) => checkOfSigned(openEnvelope(envelope, [inclusionList], network))),
    ...[...inputs, ...excluded.map(({ envelope }) => envelope)].map((envelope) =>
      checkOfSigned(openEnvelope(envelope, [contribution], network)),
    ),
    ...signatures.map(({ author, signature }) =>
      checkOf(precommit.encode({ network, author, round, view, base: certified }), signature, author),
    ),
  ]
}

function checkOfSigned(signed: ReturnType<typeof openEnvelope<Author>>): Check {
  if (!isSigned(signed)) throw new Error(`the chain has a bad envelope: ${signed.reason}`)
  return checkOf(signed.payload, signed.signature, signed.message.author)
}

function checkOf(payload: Uint8Array, signature: Uint8Array, author: Uint8Array): Check {
  const x = Buffer.from(author).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return { message: preAuthentication(payload), key, signature }
}
