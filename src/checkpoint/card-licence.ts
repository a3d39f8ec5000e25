const MAX_LICENCE = 200

/** `license:` of a model card's front matter, where it is one line; a peer's text. */
export function licenceOfCard(card: string): string | null {
  const [, matter] = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(card) ?? []
  const [, value] = /^license:[ \t]*["']?([^"'\r\n#]+?)["']?[ \t]*(?:#.*)?$/m.exec(matter ?? '') ?? []
  return value === undefined || value.length > MAX_LICENCE ? null : value
}

/** A card that says this and nothing else. Null for a name with what is not printable ASCII, or has a meaning in YAML. */
export function cardOfLicence(license: string): string | null {
  const card = `---\nlicense: ${license}\n---\n`
  return /^[A-Za-z0-9(][A-Za-z0-9 ()+.-]*$/.test(license) && licenceOfCard(card) === license ? card : null
}
