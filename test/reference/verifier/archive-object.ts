import { bytes, cid, directoryCid, nullable, oneOf, uint } from '../../../protocols/wire/fields.ts'
import { declareObject, type MessageOf } from '../../../protocols/wire/message.ts'

/** protocols/archive/SPEC.md, `archive/1`. */
export const archive = declareObject({
  kind: 'archive/1',
  maxBytes: 32_768,
  fields: {
    network: cid('dag-cbor'),
    base: directoryCid(),
    round: uint(),
    certificate: nullable(bytes({ atMost: 16_384 })),
    contents: oneOf('lineage', 'weights', 'everything'),
  },
})

export type Archive = MessageOf<typeof archive>
