import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readOptions, scheduleOptionsOf, UsageError } from './options.ts'

describe('npm run sim', () => {
  it('runs one schedule of a seed, many from a seed, and at most 10,000 of a mutant', () => {
    assert.deepEqual(
      [readOptions(['--seed', '7'])].map((one) => [one?.from, one?.schedules]),
      [[7, 1]],
    )
    const many = readOptions(['--schedules', '100000', '--from', '5'])
    assert.deepEqual([many?.from, many?.schedules], [5, 100_000])
    assert.equal(readOptions(['--mutant', 'no-lock'])?.schedules, 10_000)
  })

  it('finds liars and mutants by name', () => {
    const options = scheduleOptionsOf({ liar: 'cunning', mutant: 'no-lock', profile: 'hunt' })
    assert.equal(options.liar?.name, 'cunning')
    assert.ok(options.machine?.reduce)
    assert.equal(scheduleOptionsOf({ liar: 'none' }).liar, null)
  })

  it('refuses what it does not know, in a sentence', () => {
    for (const args of [
      ['--mutant', 'x'],
      ['--liar', 'x'],
      ['--profile', 'x'],
      ['--quorum', 'x'],
      ['--seed', '-1'],
      ['--x'],
    ])
      assert.throws(() => readOptions(args), UsageError, args.join(' '))
  })

  it('asked for help, runs nothing', () => assert.equal(readOptions(['--help']), null))
})
