import type { OptionSpec } from './option-spec.ts'

/** What goes into one file, and out of it. */
export const ARCHIVE_OPTIONS = {
  car: {
    kind: 'path',
    value: 'FILE',
    help: 'write an archive instead of a directory: the base with its history in one file, and its index beside it; must not exist yet',
  },
  contents: {
    kind: 'text',
    value: 'CONTENTS',
    choices: ['lineage', 'weights', 'everything'],
    help: "with --car: lineage (signatures alone), weights (the base's files too) or everything (all that fusing again takes; the default)",
  },
  certificate: {
    kind: 'path',
    value: 'FILE',
    help: 'certificate of the base that a gateway serves (`export` writes OUT.certificate.cbor)',
  },
  maxBytes: {
    kind: 'count',
    value: 'BYTES',
    min: 1,
    help: 'fetch at most so much from a URL (default: 17179869184)',
  },
} as const satisfies Record<string, OptionSpec>
