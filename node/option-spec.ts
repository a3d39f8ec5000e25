/** What is known of an option besides its name. */
export interface OptionSpec {
  /** `seconds` and `number` may have a fraction; `count` is a whole number. */
  readonly kind: 'text' | 'path' | 'count' | 'number' | 'seconds' | 'switch'
  /** Its flag where that is not its name in kebab-case: for a word that means one thing here and another there. */
  readonly flag?: string
  /** Stands for the value in help. */
  readonly value?: string
  readonly help: string
  readonly default?: string | number
  readonly choices?: readonly string[]
  /** Besides `choices`, anything that begins with it: `word:` and what `rest` says in help. */
  readonly also?: { readonly prefix: string; readonly rest: string }
  readonly min?: number
  readonly max?: number
  /** May be given several times; in a variable, separated by commas. */
  readonly repeat?: true
}

/** What an option takes, in words; undefined when it takes anything. */
export function choicesOf({ choices, also }: OptionSpec): string | undefined {
  const others = also === undefined ? [] : [`${also.prefix}${also.rest}`]
  return choices === undefined ? undefined : [...choices, ...others].join(' or ')
}

type Prefixed<S> = S extends { also: { prefix: infer Prefix extends string } } ? `${Prefix}${string}` : never

type One<S> = S extends { kind: 'switch' }
  ? boolean
  : S extends { kind: 'count' | 'number' | 'seconds' }
    ? number
    : S extends { choices: readonly (infer Choice)[] }
      ? Choice | Prefixed<S>
      : string

/** What an option of this kind is given as. */
export type ValueOf<S> = S extends { repeat: true }
  ? readonly One<S>[]
  : S extends { kind: 'switch' } | { default: string | number }
    ? One<S>
    : One<S> | undefined
