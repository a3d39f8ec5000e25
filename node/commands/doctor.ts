import { join } from 'node:path'
import { type EngineReport, examineEngines } from 'coldmesh'
import type { Run } from '../command.ts'
import { defined } from '../defined.ts'
import { type Check, checkDataDir, checkDisk, checkMachine, checkMemory } from '../doctor/checks.ts'
import { EXIT } from '../exit-codes.ts'
import { show } from '../text/escape.ts'
import type { Colors } from '../text/output.ts'
import { createTable } from '../text/status.ts'
import { dirOf } from './data-dir.ts'

/** Says what is wrong with this machine, and what each training engine does on it. Exits with 5 when something is wrong. */
export const runDoctor: Run<'dir' | 'threads'> = async ({ options, output, signal }) => {
  const dir = dirOf(options)
  const checks = [
    checkMachine(),
    checkMemory(),
    await checkDisk(dir),
    ...(await checkDataDir(dir, join(dir, 'key'), signal)),
  ]
  for (const check of checks) output.say(checkLine(check, output.colors))
  output.say('measures the training engines ...')
  const engines = await Array.fromAsync(examineEngines({ ...defined({ threads: options.threads }), signal }))
  const ok = checks.every((check) => check.ok) && engines.some(({ isChosen }) => isChosen)
  output.result({ ok, checks: checks.map(withoutIdleHint), engines }, () => engineLines(engines, output.colors))
  return ok ? EXIT.done : EXIT.refused
}

function checkLine({ what, ok, found, hint }: Check, colors: Colors): string {
  const line = `${ok ? colors.green('ok') : colors.red('!!')}  ${what.padEnd(14)}  ${show(found)}`
  return ok || hint === null ? line : `${line}\n${' '.repeat(20)}${show(hint)}`
}

function withoutIdleHint({ hint, ...check }: Check): Check {
  return { ...check, hint: check.ok ? null : hint }
}

function engineLines(engines: readonly EngineReport[], colors: Colors): string {
  const table = createTable(['engine', 'on', 'tokens a second', ''])
  for (const { engine, device, tokensPerSecond, isChosen } of engines) {
    if (device === null || tokensPerSecond === null) continue
    const remark = isChosen ? colors.green('taken by auto') : ''
    table.push([engine, show(device), Math.round(tokensPerSecond).toLocaleString('en'), remark])
  }
  const absent = engines.flatMap(({ engine, reason, hint }) =>
    reason === null ? [] : [`not here: ${engine}: ${show(hint ?? reason)}`],
  )
  return [
    table.toString(),
    'of finetuning two layers of 128 on 32 rows of 32 tokens; larger models gain more from a GPU',
    ...absent,
    ...fasterLines(engines),
  ].join('\n')
}

/** An engine that `auto` didn't take, and that was faster. */
function fasterLines(engines: readonly EngineReport[]): string[] {
  const rateOf = ({ tokensPerSecond }: EngineReport) => tokensPerSecond ?? 0
  const chosen = engines.find(({ isChosen }) => isChosen)
  const fastest = engines.toSorted((a, b) => rateOf(b) - rateOf(a))[0]
  if (chosen === undefined) return ['no engine works here: install coldmesh again, with its optional packages']
  if (fastest === undefined || fastest === chosen) return []
  return [`${fastest.engine} was faster here than ${chosen.engine}: ask for it with --engine ${fastest.engine}`]
}
