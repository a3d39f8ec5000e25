/** Columns of a terminal that everybody has. */
const COLUMNS = 80

/**
 * A text on lines of at most 80 columns: the first begins with `first`, the others with `rest`. Broken at spaces; a word
 * that is longer than a line is cut.
 * @param text without line breaks, escaped
 */
export function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    let left = word
    if (!isEmpty && line.length + 1 + left.length > COLUMNS) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    while (isEmpty && line.length + left.length > COLUMNS) {
      const room = COLUMNS - line.length
      lines.push(line + left.slice(0, room))
      left = left.slice(room)
      line = rest
    }
    line += isEmpty ? left : ` ${left}`
    isEmpty = false
  }
  return [...lines, line]
}
