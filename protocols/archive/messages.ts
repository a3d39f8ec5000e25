import { bytes, cid, directoryCid, nullable, oneOf, uint } from '../wire/fields.ts'
import { MAX_ARCHIVE_BYTES, MAX_CERTIFICATE_BYTES } from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'

/** What an archive has of a history: enough for signatures; also a base that can be used; also all that fusing again takes. */
export const ARCHIVE_CONTENTS = ['lineage', 'weights', 'everything'] as const
export type ArchiveContents = (typeof ARCHIVE_CONTENTS)[number]

/** What an archive is of. Its CID is the root of the file. */
export const archive = declareObject({
  kind: 'archive/1',
  maxBytes: MAX_ARCHIVE_BYTES,
  fields: {
    network: cid('dag-cbor'),
    base: directoryCid(),
    round: uint(),
    certificate: nullable(bytes({ atMost: MAX_CERTIFICATE_BYTES })),
    contents: oneOf(...ARCHIVE_CONTENTS),
  },
})

export type Archive = MessageOf<typeof archive>
