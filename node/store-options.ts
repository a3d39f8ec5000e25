import type { OptionSpec } from './option-spec.ts'

/** What a peer keeps, where, and how it gives it to others. */
export const STORE_OPTIONS = {
  checkStore: {
    kind: 'seconds',
    value: 'SECONDS',
    min: 0,
    help: 'how often everything stored is read and damage repaired from peers (default 21600; 0: never)',
  },
  keepRounds: {
    kind: 'text',
    value: 'N|all',
    help: "keep the weights of so many rounds, at least those that the network asks for (default: the network's number)",
  },
  diskBudget: {
    kind: 'count',
    value: 'BYTES',
    min: 1_000_000,
    help: 'bytes that what is stored may take of the disk: weights that will not fit are refused before they are fetched (default: as much as the disk has)',
  },
  gateway: {
    kind: 'text',
    value: 'HOST:PORT|off',
    help: 'where plain HTTP serves what is stored, by the Trustless Gateway protocol of IPFS (default: on the hosts of --listen, any free port)',
  },
  maxUpload: {
    kind: 'count',
    value: 'BYTES',
    min: 1024,
    help: 'bytes a second that all uploads of content may take together (default: no limit)',
  },

  ipfs: {
    kind: 'text',
    value: 'kubo:ADDRESS',
    help: "keep blocks in a Kubo node from now on: where its RPC API is, such as kubo:http://127.0.0.1:5001 (default: the data directory's)",
  },
  delta: {
    kind: 'text',
    value: 'MODE',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    help: 'send and fetch checkpoints as compressed differences from their base; auto: where a peer is connected from another network',
  },
} as const satisfies Record<string, OptionSpec>
