import { type Command, defineCommand } from './command.ts'
import { COMMON, DATASET } from './option-groups.ts'

const DATA = {
  name: 'file',
  help: 'the data, read with the options that they were contributed with',
  required: true,
} as const

/** Words below `data`: what somebody can show, and check, of data that were contributed with. */
export const PROOF_COMMANDS: readonly Command[] = [
  defineCommand(
    {
      name: 'data commit',
      summary:
        "prints the commitment that a contribution with this dataset has: rows and root, nothing of what's in it",
      arguments: [DATA],
      options: [...COMMON, ...DATASET, 'task', 'salt', 'out'],
      onDataDir: false,
      examples: [
        'coldmesh data commit reviews.csv --dir ./alpha --out reviews.statement.json',
        'coldmesh data commit reviews.csv --salt reviews.salt',
      ],
    },
    async () => (await import('./commands/data-commit.ts')).runDataCommit,
  ),
  defineCommand(
    {
      name: 'data prove-row',
      summary: 'writes a proof that one row was in the data, which tells nothing of the other rows',
      arguments: [DATA],
      options: [...COMMON, ...DATASET, 'task', 'salt', 'row', 'out'],
      onDataDir: false,
      examples: ['coldmesh data prove-row reviews.csv --dir ./alpha --row 17 --out row-17.json'],
    },
    async () => (await import('./commands/data-commit.ts')).runDataProveRow,
  ),
  defineCommand(
    {
      name: 'data check',
      summary: "checks the proof of a row against a commitment: one given, a statement's, or a contribution's",
      arguments: [{ name: 'proof', help: 'what data prove-row wrote', required: true }],
      options: [...COMMON, 'root', 'rows', 'statement', 'contribution'],
      onDataDir: false,
      examples: [
        'coldmesh data check row-17.json --contribution ./base',
        'coldmesh data check row-17.json --contribution base.car',
        'coldmesh data check row-17.json --dir ./alpha',
      ],
    },
    async () => (await import('./commands/data-check.ts')).runDataCheck,
  ),
  defineCommand(
    {
      name: 'data check-set',
      summary: 'checks that a whole dataset is the one that was committed to, row for row',
      arguments: [DATA],
      options: [...COMMON, ...DATASET, 'salt', 'root', 'rows', 'statement', 'contribution', 'proof'],
      onDataDir: false,
      examples: ['coldmesh data check-set reviews.csv --salt reviews.salt --statement reviews.statement.json'],
    },
    async () => (await import('./commands/data-check.ts')).runDataCheckSet,
  ),
]
