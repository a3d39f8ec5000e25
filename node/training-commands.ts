import { type Command, defineCommand } from './command.ts'
import { BUDGET, COMMON, DATASET, PLAN } from './option-groups.ts'
import { PROOF_COMMANDS } from './proof-commands.ts'

/** Those that need no network. */
export const TRAINING_COMMANDS: readonly Command[] = [
  defineCommand(
    {
      name: 'data',
      summary: 'reads a dataset as a training would, and tells what is in it and what is wrong with it',
      arguments: [
        {
          name: 'file',
          help: 'CSV, TSV, JSON Lines or Parquet, any of them .gz, or a folder of text files by class',
          required: true,
        },
      ],
      options: [...COMMON, 'base', ...DATASET, 'maxTokens', 'seed'],
      onDataDir: false,
      examples: ['coldmesh data reviews.csv', 'coldmesh data nli.parquet --base ./MiniLM --max-tokens 128 --json'],
    },
    async () => (await import('./commands/data.ts')).runData,
  ),
  ...PROOF_COMMANDS,
  defineCommand(
    {
      name: 'train',
      summary: 'finetunes a base on a dataset without any network, and writes a model directory with its head',
      options: [
        ...COMMON,
        'base',
        'data',
        ...DATASET,
        'task',
        'headFile',
        'out',
        ...PLAN,
        'engine',
        'threads',
        'snapshotEvery',
        'keep',
      ],
      onDataDir: true,
      examples: ['coldmesh train --base ./MiniLM --data reviews.csv --label stars --out ./reviews'],
    },
    async () => (await import('./commands/train.ts')).runTrain,
  ),
  defineCommand(
    {
      name: 'eval',
      summary: 'judges bases as the paper does: how well each learns tasks, over several seeds',
      arguments: [
        {
          name: 'bases',
          help: 'CIDs in the data directory, or model directories (default: the newest base)',
          required: false,
          isRest: true,
        },
      ],
      options: [
        ...COMMON,
        'data',
        'test',
        ...DATASET,
        'task',
        'tasks',
        'mode',
        'seeds',
        'seed',
        'evalRounds',
        'baseline',
        'base',
        'headFile',
        ...BUDGET,
        'engine',
        'threads',
        'plot',
        'report',
      ],
      onDataDir: true,
      examples: [
        'coldmesh eval BASE_CID --dir ./alpha --data reviews.csv --label stars',
        'coldmesh eval --dir ./alpha --tasks shipped --rounds all --mode frozen --plot rounds.svg',
        'coldmesh eval --base ./reviews --head ./reviews/head.safetensors --data test.csv --label stars',
      ],
    },
    async () => (await import('./commands/eval.ts')).runEval,
  ),
  defineCommand(
    {
      name: 'blame',
      summary: 'says which contribution of a round hurts, by your own data, and fuses the round without it',
      arguments: [
        {
          name: 'base',
          help: 'CID of a base in the data directory (default: the newest with contributions)',
          required: false,
        },
      ],
      options: [
        ...COMMON,
        'data',
        'test',
        ...DATASET,
        'task',
        'blameMode',
        'seeds',
        'seed',
        ...BUDGET,
        'engine',
        'threads',
        'without',
        'out',
      ],
      onDataDir: true,
      examples: [
        'coldmesh blame --dir ./alpha --data reviews.csv --label stars',
        'coldmesh blame BASE_CID --dir ./alpha --without CONTRIBUTION_ID --out ./without',
      ],
    },
    async () => (await import('./commands/blame.ts')).runBlame,
  ),
  defineCommand(
    {
      name: 'doctor',
      summary: 'what is wrong with this machine, and how fast each training engine is on it',
      options: [...COMMON, 'threads'],
      onDataDir: true,
      examples: ['coldmesh doctor'],
    },
    async () => (await import('./commands/doctor.ts')).runDoctor,
  ),
  defineCommand(
    {
      name: 'lab',
      summary: "runs an experiment of many rounds in this process, without a network: the paper's figures",
      arguments: [{ name: 'plan', help: 'JSON file that says what to run (docs/lab.md)', required: true }],
      options: ['json', 'options', 'out', 'parallel', 'threads', 'engine'],
      onDataDir: false,
      examples: ['coldmesh lab examples/lab/quick.json --out ./quick'],
    },
    async () => (await import('./lab/lab.ts')).runLabCommand,
  ),
]
