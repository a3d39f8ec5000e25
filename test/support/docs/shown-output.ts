/**
 * Lines of an output that a page shows and that the program did not print, each as often as it is shown. In a shown line
 * `…` stands for anything; names made of hashes, and numbers, may be others. A shown line that is only `…` stands for any lines.
 */
export function notShown(shown: readonly string[], printed: string): readonly string[] {
  const left = printed.split('\n').map((line) => line.trimEnd())
  return shown
    .filter((line) => line.trim() !== '' && line.trim() !== '…')
    .filter((line) => {
      const pattern = patternOf(line.trimEnd())
      const at = left.findIndex((candidate) => pattern.test(candidate))
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })
}

const PARTS = /…[0-9a-z]{8}\b|…|\b(?:bafy|bafk|12D3|coldmesh1)[\w…]*|\b[0-9a-f]{8,}…?|\d[\d.,]*\d|\d/g

function patternOf(line: string): RegExp {
  let source = ''
  let from = 0
  for (const match of line.matchAll(PARTS)) {
    source += escaped(line.slice(from, match.index)) + standIn(match[0])
    from = match.index + match[0].length
  }
  return new RegExp(`^${source}${escaped(line.slice(from))}$`)
}

function standIn(part: string): string {
  if (part === '…') return '.*'
  if (part.startsWith('…')) return '…\\w{8}'
  if (/^\d[\d.,]*$/.test(part)) return '\\d[\\d.,]*'
  return '[\\w…]+'
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
