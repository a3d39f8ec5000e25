import type { OptionSpec } from './option-spec.ts'

/** Options about the files of a model. */
export const MODEL_OPTIONS = {
  dtype: {
    kind: 'text',
    value: 'TYPE',
    choices: ['f32', 'bf16', 'f16'],
    help: 'what float weights become, each rounded once (default: what they are)',
  },
  head: { kind: 'path', value: 'DIR', help: 'keep what is no part of a base: DIR/head.safetensors' },
  headFile: {
    kind: 'path',
    flag: '--head',
    value: 'FILE',
    help: 'a head.safetensors: train: the head to start from; eval: score it on --data, with nothing trained',
  },
  nocopy: {
    kind: 'switch',
    help: 'import: leave weights that are canonical already where they are; the store only names the file, which must not change any more',
  },
  anyArchitecture: {
    kind: 'switch',
    help: 'also a model that no engine knows: a base of its tensors as they are, which only a program trains',
  },
} as const satisfies Record<string, OptionSpec>
