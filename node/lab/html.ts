/** Text that is HTML already. */
export interface Html {
  readonly text: string
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML from a template: texts that are put in are escaped, HTML is taken as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const filled = parts.map((part, index) => {
    const value = values[index]
    if (value === undefined) return part
    return `${part}${typeof value === 'string' ? escapeHtml(value) : value.text}`
  })
  return { text: filled.join('') }
}

export function join(parts: readonly Html[]): Html {
  return { text: parts.map(({ text }) => text).join('\n') }
}

/** For text that is HTML or SVG by its maker's word. */
export function trusted(text: string): Html {
  return { text }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '')
}
