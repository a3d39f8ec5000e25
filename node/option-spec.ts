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
  readonly min?: number
  readonly max?: number
  /** May be given several times; in a variable, separated by commas. */
  readonly repeat?: true
}
