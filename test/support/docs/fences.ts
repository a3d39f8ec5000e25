/** A fenced block of a Markdown page. */
export interface Fence {
  /** What stands behind the opening marks: a language, or nothing. */
  readonly info: string
  readonly lines: readonly string[]
  /** Of its first line, from 1. */
  readonly at: number
}

export function readFences(markdown: string): readonly Fence[] {
  const fences: Fence[] = []
  let open: { info: string; marks: string; lines: string[]; at: number } | null = null
  for (const [index, line] of markdown.split('\n').entries()) {
    const marks = /^\s*(```+|~~~+)\s*([\w-]*)/.exec(line)
    if (open === null) {
      if (marks) open = { marks: marks[1] ?? '', info: marks[2] ?? '', lines: [], at: index + 2 }
    } else if (line.trim() === open.marks) {
      fences.push(open)
      open = null
    } else open.lines.push(line)
  }
  if (open !== null) throw new Error(`the block that begins in line ${open.at - 1} never ends`)
  return fences
}
