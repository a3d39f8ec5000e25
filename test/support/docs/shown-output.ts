/**
 * Lines of an output that a page shows and that the program did not print in this order. In a shown line `…` stands for
 * anything; names made of hashes, and numbers, may be others. A shown line that is only `…` stands for any lines.
 */
export function notShown(shown: readonly string[], printed: string): readonly string[] {
  const lines = printed.split('\n').map((line) => line.trimEnd())
  let from = 0
  return shown
    .filter((line) => line.trim() !== '' && line.trim() !== '…')
    .filter((line) => {
      const pattern = patternOf(line.trimEnd())
      const at = lines.findIndex((candidate, index) => index >= from && pattern.test(candidate))
      if (at < 0) return true
      from = at + 1
      return false
    })
}

const PARTS = /…|\b(?:bafy|bafk|12D3|coldmesh1)[\w…]*|\b[0-9a-f]{8,}…?|\d[\d.,]*\d|\d/g

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
  if (/^\d[\d.,]*$/.test(part)) return '\\d[\\d.,]*'
  return '[\\w…]+'
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
