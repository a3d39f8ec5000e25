import type { OptionSpec } from './option-spec.ts'

/** How a history is told and checked, and what is stated of it. */
export const HISTORY_OPTIONS = {
  limit: {
    kind: 'count',
    value: 'N',
    min: 1,
    help: 'log: at most this many rounds, with --html told one by one (default there: 200); verify: tell this many in detail, and all in which something is wrong (default: 6)',
  },
  html: { kind: 'path', value: 'FILE', help: 'write the lineage as one HTML file that needs nothing else' },
  level: {
    kind: 'text',
    value: 'LEVEL',
    choices: ['signatures', 'sample', 'full'],
    default: 'full',
    help: 'check who signed, or also fuse some leaves of every round again, or all of them',
  },
  trust: {
    kind: 'text',
    value: 'CID|KEY|@FILE',
    repeat: true,
    help: "whom you trust: the genesis CID, or keys of members, or a file with a key a line (default: the data directory's network)",
  },
  leaves: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 1_000_000,
    help: 'with --level sample: how many leaves of each round are drawn (default: 16)',
  },
  sampleSeed: {
    kind: 'text',
    value: 'HEX',
    help: 'with --level sample: draw what an earlier report drew (default: 32 random bytes)',
  },
  resume: {
    kind: 'path',
    value: 'FILE',
    help: 'note each round that was checked, and go on from there the next time; whoever can write it can lie to you',
  },
  inToto: {
    kind: 'path',
    value: 'FILE',
    help: 'write what is known of the base as an in-toto statement, signed by this peer',
  },
  modelSigning: { kind: 'path', value: 'FILE', help: "sign the base's files as OpenSSF Model Signing has it" },
  mlBom: {
    kind: 'path',
    value: 'FILE',
    help: 'write a bill of materials (CycloneDX) of the base, its history, data and licences',
  },
  statedLevel: {
    kind: 'text',
    flag: '--level',
    value: 'LEVEL',
    choices: ['signatures', 'sample', 'full'],
    help: 'with --in-toto: verify the base first, and say so in the statement (default: say nothing of it)',
  },
  attestation: {
    kind: 'path',
    value: 'FILE',
    help: 'also compare this in-toto statement, model signature or bill of materials with the base',
  },
} as const satisfies Record<string, OptionSpec>
