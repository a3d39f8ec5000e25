import type { OptionName, OptionValues } from './options.ts'
import type { Output } from './text/output.ts'

export interface Argument {
  readonly name: string
  readonly help: string
  readonly required: boolean
  /** Any number of them; the last argument. */
  readonly isRest?: true
}

/** `<cid>`, `[base]` or `[bases...]`. */
export function usageOf({ name, required, isRest }: Argument): string {
  const whole = isRest ? `${name}...` : name
  return required ? `<${whole}>` : `[${whole}]`
}

/** One invocation of a command: what was asked, where to print, and the signal of Ctrl-C. */
export interface Call<Names extends OptionName> {
  readonly args: readonly string[]
  readonly options: OptionValues<Names>
  readonly output: Output
  readonly signal: AbortSignal
}

/** Resolves with the exit code; throws what `describeFailure` understands. */
export type Run<Names extends OptionName> = (call: Call<Names>) => Promise<number>

export interface CommandSpec<Names extends OptionName = OptionName> {
  readonly name: string
  readonly summary: string
  readonly arguments?: readonly Argument[]
  readonly options: readonly Names[]
  /** Works on a data directory: `options.dir` is then always set. */
  readonly onDataDir: boolean
  readonly examples: readonly string[]
}

export interface Command {
  readonly spec: CommandSpec
  readonly run: (call: Omit<Call<OptionName>, 'options'> & { resolve: Resolve }) => Promise<number>
}

export type Resolve = <Names extends OptionName>(names: readonly Names[]) => OptionValues<Names>

/** Ties a command's options to the types its module sees; the module loads only when the command runs. */
export function defineCommand<const Names extends OptionName>(
  spec: CommandSpec<Names>,
  load: () => Promise<Run<Names>>,
): Command {
  return {
    spec,
    run: async ({ args, output, signal, resolve }) => {
      const options = resolve(spec.options)
      const run = await load()
      return await run({ args, output, signal, options })
    },
  }
}
