import type { AttestationReport, Attested, LicenceWarning } from 'coldmesh'
import { short, show } from './escape.ts'

const MAX_NAMED = 5

/** Who signed, and what to think about before passing the base on. */
export function formatAttested({ signedBy, warnings }: Attested): readonly string[] {
  const signer =
    signedBy === null ? [] : [`signed by ${short(signedBy.author)}, export key ${short(signedBy.exportKey)}`]
  if (warnings.length === 0) return signer
  return [...signer, 'licences, as contributors state them (no legal advice):', ...warnings.map(formatWarning)]
}

function formatWarning({ kind, licences, contributions, why }: LicenceWarning): string {
  const more = contributions.length > MAX_NAMED ? ` and ${contributions.length - MAX_NAMED} more` : ''
  const by = `${contributions.slice(0, MAX_NAMED).map(nameOf).join(', ')}${more}`
  const which = licences.map((text) => show(text, { maxLength: 80 })).join(' and ')
  return `  ${kind}${which === '' ? '' : ` ${which}`}: ${show(why)} By ${by}.`
}

const nameOf = (id: string) => (id === 'genesis' ? 'the first base' : short(id))

/** What an attestation is worth: each lie with its place. */
export function formatAttestation({ kind, valid, signedBy, failures, unchecked }: AttestationReport): string {
  const signers = signedBy.map(({ algorithm, key, author, member }) => {
    const who = member === null ? short(author ?? key) : `${show(member)}, a member`
    return `  signed by ${who} (${algorithm} ${short(key)})`
  })
  return [
    `${kind} ${valid ? 'tells the truth about this base' : 'does NOT tell the truth about this base'}`,
    ...signers,
    ...failures.map(({ place, reason }) => `  ${show(place)}: ${show(reason)}`),
    ...unchecked.map((place) => `  not checked, its signer's word: ${show(place)}`),
  ].join('\n')
}
