import { randomBytes } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../../../protocols/contribution/messages.ts'
import { decodeCanonical, encodeCanonical, idOf } from '../../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication } from '../../../../protocols/wire/envelope.ts'
import { createSigner } from '../../../../src/adapters/system/signer.ts'
import type { Signer } from '../../../../src/ports/system.ts'

export interface Statement {
  readonly id: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly envelope: Uint8Array
}

/** Keys are free in an open network: a new one for each lie. */
export function newKey(): Signer {
  return createSigner(new Uint8Array(randomBytes(32)))
}

/** A well-formed, well-signed contribution. */
export function stateContribution(
  fields: Pick<Contribution, 'network' | 'round' | 'parent' | 'checkpoint' | 'bytes'> & Partial<Contribution>,
  signer: Signer = newKey(),
): Statement {
  return signPayload(
    contribution.encode({
      dataset: { name: 'lies', task: 'lies', rows: 1, commitment: new Uint8Array(32) },
      training: {
        trainer: 'none',
        optimizer: 'none',
        learningRate: 0,
        batch: 1,
        steps: 0,
        seed: 0,
        device: 'none',
        seconds: 0,
      },
      metrics: { name: 'accuracy', before: null, after: 1_000_000_000 },
      providers: [],
      ...fields,
      author: signer.key,
    }),
    signer,
  )
}

/** The same with another checkpoint than any encoder of ours would write. */
export function stateAnyCheckpoint(statement: Statement, checkpoint: CID, signer: Signer): Statement {
  const message = decodeCanonical(statement.payload, statement.payload.length)
  if (typeof message !== 'object') throw new Error('a payload is a map')
  return signPayload(encodeCanonical({ ...message, author: signer.key, checkpoint }), signer)
}

export function signPayload(payload: Uint8Array, signer: Signer): Statement {
  const signature = signer.sign(preAuthentication(payload))
  return { id: String(idOf(payload)), payload, signature, envelope: encodeEnvelope(payload, signature) }
}
