import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CommanderError } from 'commander'
import { createProgram } from '../../../node/cli.ts'
import { COMMANDS } from '../../../node/commands.ts'
import { EXIT } from '../../../node/exit-codes.ts'
import { describeFailure } from '../../../node/failure.ts'
import { type GivenOptions, resolveOptions } from '../../../node/option-values.ts'
import { flagOf, type OptionName, optionSpec } from '../../../node/options.ts'

/** What the command line says before any command runs; null when it would run one. */
async function refusalOf(argv: readonly string[]): Promise<string | null> {
  let ran = false
  const program = createProgram(async () => {
    ran = true
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    assert.ok(error instanceof CommanderError, String(error))
    assert.equal(ran, false)
    return error.message
  }
  return null
}

function failureOf(name: OptionName, flags: GivenOptions) {
  try {
    resolveOptions([name], { flags, environment: {}, file: {} })
  } catch (error) {
    return describeFailure(error)
  }
  return null
}

const argumentsOf = (count: number) => Array.from({ length: count }, (_, i) => `argument${i}`)

// fault 104; that all of these exit 2 is in test/e2e/cli/bad-input.test.ts
describe('every command', () => {
  for (const { spec } of COMMANDS) {
    const { name, options } = spec
    const words = name.split(' ')
    const required = (spec.arguments ?? []).filter((argument) => argument.required).length
    const most = (spec.arguments ?? []).length
    const repeats = (spec.arguments ?? []).some(({ isRest }) => isRest)

    it(`names a flag that it does not know, before it does anything: ${name}`, async () => {
      const refusal = await refusalOf([...words, ...argumentsOf(required), '--bogus'])
      assert.match(refusal ?? '', /unknown option '--bogus'/)
    })

    it(`takes no argument too many, and none too few: ${name}`, async () => {
      const tooMany = await refusalOf([...words, ...argumentsOf(most + 1)])
      if (repeats) assert.equal(tooMany, null)
      else assert.match(tooMany ?? '', /too many arguments/)
      if (required > 0) assert.match((await refusalOf(words)) ?? '', /missing required argument/)
      assert.equal(await refusalOf([...words, ...argumentsOf(required)]), null)
    })

    it(`takes no option without its value: ${name}`, async () => {
      for (const option of options.filter((one) => optionSpec(one).kind !== 'switch')) {
        const refusal = await refusalOf([...words, ...argumentsOf(required), flagOf(option)])
        assert.match(refusal ?? '', /argument missing/, option)
      }
    })

    it(`names what is no number, with the next step: ${name}`, () => {
      for (const option of options) {
        const { kind } = optionSpec(option)
        if (kind !== 'count' && kind !== 'number' && kind !== 'seconds') continue
        for (const text of ['many', '', '1e999', 'NaN', '-1', '0x']) {
          const failure = failureOf(option, { [option]: [text] })
          assert.deepEqual([failure?.code, failure?.exitCode], ['bad-input', EXIT.usage], `${option} ${text}`)
          assert.ok(failure?.message.includes(flagOf(option)) && failure.hint !== null)
        }
      }
    })
  }
})
