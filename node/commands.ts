import { type Command, defineCommand } from './command.ts'
import { COMMON, DATASET, MESH, PLAN } from './option-groups.ts'
import { TRAINING_COMMANDS } from './training-commands.ts'

/** Every command once, in the order of help. */
export const COMMANDS: readonly Command[] = [
  defineCommand(
    {
      name: 'demo',
      summary: 'a network of peers on this machine: real text tasks, a few rounds, a verified base',
      options: [...COMMON, 'rounds', 'peers', 'keep'],
      onDataDir: false,
      examples: ['coldmesh demo --rounds 2 --keep'],
    },
    async () => (await import('./demo/demo.ts')).runDemo,
  ),
  defineCommand(
    {
      name: 'init',
      summary: 'creates a data directory and prints its public key, which others put into a genesis',
      options: [...COMMON, 'name'],
      onDataDir: true,
      examples: ['coldmesh init --dir ./alpha --name alpha'],
    },
    async () => (await import('./commands/init.ts')).runInit,
  ),
  defineCommand(
    {
      name: 'import',
      summary:
        'makes a Hugging Face model directory a base and prints its CID, or adds the blocks of a CAR file; with --out unpacks the base of an archive',
      arguments: [
        { name: 'model', help: 'directory with config.json, weights and tokenizer, or a CAR file', required: true },
      ],
      options: [...COMMON, 'out', 'dtype', 'head', 'anyArchitecture', 'nocopy'],
      onDataDir: true,
      examples: [
        'coldmesh import ./MiniLM --dir ./alpha',
        'coldmesh import ./MiniLM --dtype bf16 --out ./base',
        'coldmesh import ./base --nocopy',
        'coldmesh import ./base.car',
      ],
    },
    async () => (await import('./commands/import.ts')).runImport,
  ),
  defineCommand(
    {
      name: 'genesis',
      summary: 'starts a network from a base, or from the last base of another network, and prints its genesis CID',
      options: [
        ...COMMON,
        'name',
        'base',
        'forkOf',
        'fromDir',
        'level',
        'member',
        'quorum',
        'rule',
        'contributors',
        'minContributions',
        'maxContributions',
        'collect',
        'grace',
        'viewTimeout',
        'maxStaleness',
        'gate',
        'set',
      ],
      onDataDir: true,
      examples: [
        'coldmesh genesis --dir ./alpha --name reviews --member alpha=KEY --member beta=KEY',
        'coldmesh genesis --dir ./alpha2 --fork-of ./base --from-dir ./alpha --member alpha=KEY --member delta=KEY',
      ],
    },
    async () => (await import('./commands/genesis.ts')).runGenesis,
  ),
  defineCommand(
    {
      name: 'daemon',
      summary: 'runs a peer in the foreground: mesh, serving, committee duty, control API',
      options: [
        ...COMMON,
        'network',
        ...MESH,
        'apiPort',
        'trainOn',
        'gateData',
        ...DATASET,
        'task',
        'license',
        'rounds',
        ...PLAN,
        'engine',
        'threads',
        'snapshotEvery',
        'logLevel',
      ],
      onDataDir: true,
      examples: ['coldmesh daemon --dir ./alpha --train-on reviews.csv --label stars'],
    },
    async () => (await import('./commands/daemon.ts')).runDaemon,
  ),
  defineCommand(
    {
      name: 'invite',
      summary: "prints an invite with the running daemon's addresses; with --for, one that lets a key contribute",
      options: [...COMMON, 'for', 'rounds'],
      onDataDir: true,
      examples: ['coldmesh invite --dir ./alpha', 'coldmesh invite --dir ./alpha --for KEY --rounds 20'],
    },
    async () => (await import('./commands/invite.ts')).runInvite,
  ),
  defineCommand(
    {
      name: 'amend',
      summary: "proposes a change of the network's members or rules, approves one, or lists what is open",
      arguments: [{ name: 'id', help: 'id of an open amendment to approve', required: false }],
      options: [...COMMON, 'add', 'remove', 'set', 'rollback'],
      onDataDir: true,
      examples: [
        'coldmesh amend --add dora=KEY --remove carol',
        'coldmesh amend --rollback ROUND',
        'coldmesh amend AMENDMENT_ID',
      ],
    },
    async () => (await import('./commands/amend.ts')).runAmend,
  ),
  defineCommand(
    {
      name: 'join',
      summary: 'contributes to a network with a dataset, and says what came of it',
      arguments: [
        { name: 'invite', help: 'invite or genesis CID (default: the network that DIR remembers)', required: false },
      ],
      options: [
        ...COMMON,
        'data',
        ...DATASET,
        'task',
        'license',
        'rounds',
        ...PLAN,
        ...MESH,
        'engine',
        'threads',
        'snapshotEvery',
        'logLevel',
      ],
      onDataDir: true,
      examples: ['coldmesh join INVITE --data reviews.csv --text text --label stars'],
    },
    async () => (await import('./commands/join.ts')).runJoin,
  ),
  defineCommand(
    {
      name: 'status',
      summary: 'the round now, what it waits for, for whom, since when',
      options: COMMON,
      onDataDir: true,
      examples: ['coldmesh status --dir ./alpha'],
    },
    async () => (await import('./commands/status.ts')).runStatus,
  ),
  defineCommand(
    {
      name: 'peers',
      summary: 'the peers that the running daemon is connected to',
      options: COMMON,
      onDataDir: true,
      examples: ['coldmesh peers --dir ./alpha'],
    },
    async () => (await import('./commands/peers.ts')).runPeers,
  ),
  defineCommand(
    {
      name: 'log',
      summary: 'the lineage, newest first: round, inputs, authors, rule; with --html as one page for a browser',
      arguments: [
        {
          name: 'base',
          help: 'base CID to begin at (default: the newest), an archive, or the directory of an exported base',
          required: false,
        },
      ],
      options: [...COMMON, 'limit', 'html'],
      onDataDir: true,
      examples: [
        'coldmesh log --dir ./alpha --limit 5',
        'coldmesh log base.car',
        'coldmesh log --dir ./alpha --html lineage.html',
      ],
    },
    async () => (await import('./commands/log.ts')).runLog,
  ),
  defineCommand(
    {
      name: 'verify',
      summary: 'checks a base back to its genesis; names the first bad link',
      arguments: [
        {
          name: 'base',
          help: 'base CID, the directory of an exported base, an archive, or an http or https URL of one',
          required: false,
        },
      ],
      options: [
        ...COMMON,
        'level',
        'trust',
        'leaves',
        'sampleSeed',
        'resume',
        'limit',
        'threads',
        'fromDir',
        'certificate',
        'maxBytes',
        'attestation',
        'evidence',
        'genesisFile',
      ],
      onDataDir: true,
      examples: [
        'coldmesh verify BASE_CID --dir ./alpha --trust GENESIS_CID',
        'coldmesh verify base.car --trust GENESIS_CID',
        'coldmesh verify ./base --level sample --trust @keys.txt',
        'coldmesh verify --evidence EVIDENCE_CID.cbor --genesis-file base.genesis.cbor',
      ],
    },
    async () => (await import('./commands/verify.ts')).runVerify,
  ),
  defineCommand(
    {
      name: 'evidence',
      summary: 'members that contradicted themselves: what this peer keeps of it, checked again',
      options: [...COMMON, 'out'],
      onDataDir: true,
      examples: ['coldmesh evidence --dir ./alpha --out ./evidence'],
    },
    async () => (await import('./commands/evidence.ts')).runEvidence,
  ),
  defineCommand(
    {
      name: 'export',
      summary:
        'writes a base as a directory that transformers loads, or with its history as one file; or a checkpoint; states where a base comes from, for other tools',
      arguments: [
        {
          name: 'cid',
          help: 'CID of a base or of a checkpoint, or, for files of other tools, the directory of an exported base or an archive',
          required: true,
        },
      ],
      options: [...COMMON, 'out', 'car', 'contents', 'inToto', 'modelSigning', 'mlBom', 'statedLevel'],
      onDataDir: true,
      examples: [
        'coldmesh export BASE_CID --dir ./alpha --out ./model',
        'coldmesh export BASE_CID --dir ./alpha --car base.car',
        'coldmesh export base.car --ml-bom base.cdx.json',
        'coldmesh export ./model --dir ./alpha --in-toto model.intoto.json --model-signing model.sig --ml-bom model.cdx.json',
      ],
    },
    async () => (await import('./commands/export.ts')).runExport,
  ),
  defineCommand(
    {
      name: 'fuse',
      summary: 'fuses model directories into a new one, without a network: exact, in constant memory',
      arguments: [
        {
          name: 'models',
          help: 'directories, or files of weights, of models that are alike',
          required: true,
          isRest: true,
        },
      ],
      options: ['rule', 'out', 'base', 'weights', 'dtype', 'threads', 'json', 'options'],
      onDataDir: false,
      examples: [
        'coldmesh fuse ./reviews ./news ./mails --rule mean/1 --out ./fused',
        'coldmesh fuse ./reviews ./news --base ./MiniLM --rule ties/1,density=0.2 --out ./fused',
      ],
    },
    async () => (await import('./commands/fuse.ts')).runFuse,
  ),
  ...TRAINING_COMMANDS,
]
