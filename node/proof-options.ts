import type { OptionSpec } from './option-spec.ts'

/** What shows that data were contributed with: of `data commit`, `prove-row`, `check` and `check-set`. */
export const PROOF_OPTIONS = {
  salt: {
    kind: 'path',
    value: 'FILE',
    help: "the data's secret salt; commit and prove-row make the file when it is not there, with --dir as that peer has it (default: that of the data directory)",
  },
  row: { kind: 'count', value: 'N', min: 1, help: 'which row, counted from 1, those that are left out not counted' },
  root: { kind: 'text', value: 'HEX', help: 'the commitment to check against: 64 hex digits' },
  rows: { kind: 'count', value: 'N', min: 1, help: 'with --root: how many rows the commitment is over' },
  statement: { kind: 'path', value: 'FILE', help: 'check against what data commit --out wrote' },
  contribution: {
    kind: 'path',
    value: 'FILE|DIR|CID',
    help: "check against a contribution: the directory of a base, its lineage.cbor or its archive, a contribution's own file, or its id with --dir",
  },
  proof: { kind: 'path', value: 'FILE', help: "a row's proof: tells which rows differ, as far as it can" },
} as const satisfies Record<string, OptionSpec>
