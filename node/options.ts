import type { EngineChoice, EvaluationMode } from 'coldmesh'
import { ARCHIVE_OPTIONS } from './archive-options.ts'
import { DATASET_OPTIONS } from './dataset-options.ts'
import { HISTORY_OPTIONS } from './history-options.ts'
import { MODEL_OPTIONS } from './model-options.ts'
import type { OptionSpec, ValueOf } from './option-spec.ts'
import { PLAN_OPTIONS } from './plan-options.ts'
import { PROOF_OPTIONS } from './proof-options.ts'
import { STORE_OPTIONS } from './store-options.ts'

const MAX_PORT = 65_535

/** The library's engines. Named again, since loading the library would slow every command down: the compiler and a test compare. */
const ENGINES = [
  'auto',
  'tfjs-node-gpu',
  'tfjs-webgpu',
  'onnx-webgpu',
  'onnx',
  'tfjs-node',
  'tfjs-wasm',
] as const satisfies readonly EngineChoice[]

const MODES = ['frozen', 'full', 'few-shot'] as const satisfies readonly EvaluationMode[]

/** Every option once: flags, `COLDMESH_*` variables, the options file and docs/cli.md all come from here. */
export const OPTIONS = {
  dir: {
    kind: 'path',
    value: 'DIR',
    help: "the peer's data directory (default: coldmesh in the platform's data folder)",
  },
  json: { kind: 'switch', help: 'print objects for programs, one a line' },
  options: {
    kind: 'path',
    value: 'FILE',
    help: 'a JSON file of option values by name in camelCase (default: DIR/options.json when it exists)',
  },

  name: { kind: 'text', value: 'NAME', help: "init: this peer's name; genesis: the network's" },
  base: {
    kind: 'path',
    value: 'DIR|CID',
    help: 'base that the network starts from, that baselines do, and train: a directory, for genesis also the CID that import printed, for train one of the data directory (default: the shipped base); fuse: the directory of what the models were trained from; data: whose tokenizer counts tokens',
  },
  member: {
    kind: 'text',
    value: 'NAME=KEY',
    repeat: true,
    help: 'a committee member, once each (default: this data directory alone)',
  },
  quorum: {
    kind: 'text',
    value: 'KIND',
    choices: ['byzantine', 'crash'],
    help: 'two thirds and one against liars, or a majority among people who trust each other (default: byzantine; a fork: as before)',
  },
  rule: {
    kind: 'text',
    value: 'RULE[,NAME=N]',
    help: 'fusion rule with its parameters: mean/1, weighted-mean/1,maxRows=N, clipped-mean/1, trimmed-mean/1,trim=N, median/1, ties/1,density=N; any with step=N (default: clipped-mean/1 where contributors are open, else mean/1; a fork: as before)',
  },
  contributors: {
    kind: 'text',
    value: 'open|vouched|KEY,KEY',
    help: 'who may contribute: anyone, members and whom one of them vouches for, or these keys (default: open; a fork: as before)',
  },
  forkOf: {
    kind: 'path',
    value: 'DIR|CID',
    help: 'start from a certified base of a network whose committee is lost: an exported base, or the CID of one in --from-dir',
  },
  fromDir: { kind: 'path', value: 'DIR', help: 'data directory of the network before; only read' },
  minContributions: { kind: 'count', value: 'N', min: 1, max: 64, help: 'a round waits for this many' },
  maxContributions: { kind: 'count', value: 'N', min: 1, max: 64, help: 'a round fuses at most this many' },
  collect: { kind: 'seconds', value: 'SECONDS', min: 0, help: 'how long a round collects at least' },
  grace: { kind: 'seconds', value: 'SECONDS', min: 0, help: 'how long it waits for more once there are enough' },
  viewTimeout: { kind: 'seconds', value: 'SECONDS', min: 0.1, help: "an aggregator's time, before bytes are counted" },
  maxStaleness: {
    kind: 'count',
    value: 'N',
    min: 0,
    max: 7,
    help: 'rounds that a contribution may be late (default: 0, none)',
  },
  gate: {
    kind: 'number',
    value: 'DROP',
    min: 0,
    max: 1,
    help: 'members with --gate-data vote against a base that scores lower by more than this (default: no gate)',
  },
  gateData: {
    kind: 'path',
    value: 'FILE',
    help: 'labelled texts, as --data, that nobody trains on: what this member judges proposed bases by',
  },

  add: { kind: 'text', value: 'NAME=KEY', repeat: true, help: 'a new member of the committee' },
  remove: { kind: 'text', value: 'NAME|KEY', repeat: true, help: 'a member that goes' },
  rollback: {
    kind: 'text',
    value: 'ROUND|CID',
    help: 'go back to the base of an earlier round: the next one has its weights, and the rounds since stay in the history',
  },
  set: {
    kind: 'text',
    value: 'NAME=VALUE',
    repeat: true,
    help: 'a field of the round (keepRounds, maxViews, collectMs ...); in an amendment also quorum, contributors, gate or rule',
  },

  network: { kind: 'text', value: 'INVITE', help: 'invite or genesis CID; remembered, so needed once' },
  listen: {
    kind: 'text',
    value: 'MULTIADDR',
    repeat: true,
    help: 'where to listen (default: TCP on every interface, any free port)',
  },
  announce: { kind: 'text', value: 'MULTIADDR', repeat: true, help: 'where others reach it, if not where it listens' },
  peer: { kind: 'text', value: 'MULTIADDR', repeat: true, help: 'a peer to dial, besides those that are known' },
  noMdns: { kind: 'switch', help: 'do not look for peers on the local network' },
  noDht: { kind: 'switch', help: 'do not look for peers in the DHT' },
  apiPort: {
    kind: 'count',
    value: 'PORT',
    min: 0,
    max: MAX_PORT,
    default: 0,
    help: 'port of the control API on 127.0.0.1 (0: any free one)',
  },
  joinTimeout: {
    kind: 'seconds',
    value: 'SECONDS',
    min: 1,
    help: 'how long to look for the network the first time',
  },
  engine: {
    kind: 'text',
    value: 'ENGINE',
    choices: ENGINES,
    also: { prefix: 'command:', rest: 'PROGRAM ARGS' },
    default: 'auto',
    help: 'what trains: the fastest that works on this machine (auto), one by name, or a program',
  },
  threads: { kind: 'count', value: 'N', min: 1, max: 256, help: 'threads that training or fusing may use' },
  logLevel: {
    kind: 'text',
    value: 'LEVEL',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'warn',
    help: 'which log lines go to standard error',
  },

  data: {
    kind: 'path',
    value: 'FILE',
    help: 'labelled texts: CSV, TSV, JSON Lines or Parquet, any of them .gz, or a folder of text files by class',
  },
  trainOn: { kind: 'path', value: 'FILE', help: 'contribute to every round with this dataset, as --data' },
  ...DATASET_OPTIONS,
  task: { kind: 'text', value: 'NAME', help: "the task's name, which others see (default: the file's name)" },
  license: { kind: 'text', value: 'SPDX', help: "the data's licence, which others see" },
  rounds: {
    kind: 'count',
    value: 'N',
    min: 1,
    help: 'how many rounds (default: join 1, demo 3, invite --for 100, daemon --train-on without end)',
  },
  for: {
    kind: 'text',
    value: 'KEY',
    help: 'vouch for this key, so that it may contribute from the round now on: a member, where contributors are vouched',
  },

  ...PLAN_OPTIONS,

  evidence: { kind: 'path', value: 'FILE', help: 'check this file of evidence against a member, instead of a base' },
  genesisFile: {
    kind: 'path',
    value: 'FILE',
    help: 'with --evidence: the genesis that you trust (`export` writes OUT.genesis.cbor): names its committee',
  },
  snapshotEvery: {
    kind: 'seconds',
    value: 'SECONDS',
    min: 0,
    help: 'how often the state of a training is saved, to go on from after a crash (default 30; 0: never)',
  },
  ...STORE_OPTIONS,
  ...PROOF_OPTIONS,

  ...HISTORY_OPTIONS,
  out: {
    kind: 'path',
    value: 'DIR',
    help: 'where the files go; export, train, fuse, data, blame: must not exist yet; lab: goes on there (default: lab-NAME)',
  },
  ...ARCHIVE_OPTIONS,

  test: { kind: 'path', value: 'FILE', help: 'test rows for --data (default: a fifth of its rows, held out)' },
  tasks: {
    kind: 'text',
    value: 'FILE|shipped',
    help: 'JSON file that lists tasks, or the tasks that ship with coldmesh',
  },
  mode: {
    kind: 'text',
    value: 'MODE,MODE',
    default: 'frozen,full',
    help: 'how to judge: frozen (a head alone learns), full (everything does), few-shot (everything, from 100 labels)',
  },
  blameMode: {
    kind: 'text',
    flag: '--mode',
    choices: MODES,
    default: 'frozen',
    help: 'how to judge: frozen (a head alone learns), full (everything does), few-shot (everything, from 100 labels)',
  },
  without: {
    kind: 'text',
    value: 'ID,ID',
    help: 'fuse the round again without these contributions, into --out',
  },
  seeds: { kind: 'count', value: 'N', min: 1, max: 100, default: 3, help: 'how often each is trained, from --seed on' },
  evalRounds: {
    kind: 'text',
    flag: '--rounds',
    value: 'all|N,N',
    help: "judge these rounds' bases of the lineage (default: the base that is named, or the newest)",
  },
  baseline: {
    kind: 'text',
    value: 'NAME,NAME',
    help: 'judge beside it: pretrained (where the network started), multitask (one body trained on all seen tasks), one-shot (each task trained once, fused once)',
  },
  plot: { kind: 'path', value: 'FILE', help: 'write a chart of the means over rounds, as SVG' },
  report: { kind: 'switch', help: "sign the results with the data directory's key and publish them in the network" },

  ...MODEL_OPTIONS,
  weights: { kind: 'text', value: 'N,N', help: 'with weighted-mean/1: what each model counts, a whole number' },

  peers: { kind: 'count', value: 'N', min: 2, max: 16, default: 4, help: 'how many peers, each a process' },
  keep: { kind: 'switch', help: "demo: keep the data directories; train: keep a program's work directory" },
  parallel: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 256,
    help: 'trainings and judgements at once (default: one per processor, at most 8)',
  },
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

/** What a command that takes these options receives. */
export type OptionValues<Names extends OptionName = OptionName> = {
  readonly [Name in Names]: ValueOf<(typeof OPTIONS)[Name]>
}

export function optionSpec(name: OptionName): OptionSpec {
  return OPTIONS[name]
}

/** `learningRate` as `--learning-rate`. */
export function flagOf(name: OptionName): string {
  return optionSpec(name).flag ?? `--${kebab(name)}`
}

/** `learningRate` as `COLDMESH_LEARNING_RATE`. */
export function variableOf(name: OptionName): string {
  return `COLDMESH_${kebab(name).replaceAll('-', '_').toUpperCase()}`
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
