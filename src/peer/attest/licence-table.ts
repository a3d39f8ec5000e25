// What some licences ask of those who pass on what is derived from the work. The table and its sources are in docs/attestations.md.

/** Licences that ask for themselves, in families: what is derived may be passed on under one of these, or under terms of others' choice. */
const SHARE_ALIKE = [
  'CC-BY-SA-1.0',
  'CC-BY-SA-2.0',
  'CC-BY-SA-2.5',
  'CC-BY-SA-3.0',
  'CC-BY-SA-4.0',
  'CC-BY-NC-SA-1.0',
  'CC-BY-NC-SA-2.0',
  'CC-BY-NC-SA-2.5',
  'CC-BY-NC-SA-3.0',
  'CC-BY-NC-SA-4.0',
  'GPL-2.0',
  'GPL-3.0',
  'AGPL-3.0',
] as const
type ShareAlike = (typeof SHARE_ALIKE)[number]

/** Terms under which what is derived may be passed on; `other`: any that allow commerce, `non-commercial`: any that do not. */
export type Outcome = ShareAlike | 'other' | 'non-commercial'

const ALL: readonly Outcome[] = [...SHARE_ALIKE, 'other', 'non-commercial']
const NON_COMMERCIAL: readonly Outcome[] = ['non-commercial', ...SHARE_ALIKE.filter((id) => id.includes('-NC-'))]
const GPL_3: readonly Outcome[] = ['GPL-3.0', 'AGPL-3.0']

const STRICT: Readonly<Record<string, readonly Outcome[]>> = {
  'GPL-2.0-only': ['GPL-2.0'],
  'GPL-2.0-or-later': ['GPL-2.0', ...GPL_3],
  'GPL-3.0-only': GPL_3,
  'GPL-3.0-or-later': GPL_3,
  'AGPL-3.0-only': ['AGPL-3.0'],
  'AGPL-3.0-or-later': ['AGPL-3.0'],
  'Apache-2.0': ALL.filter((outcome) => outcome !== 'GPL-2.0'),
}

/** They ask for a notice at most. */
const PERMISSIVE =
  /^(0BSD|AFL-3\.0|Apache-2\.0|BlueOak-1\.0\.0|BSD-[23]-Clause|BSL-1\.0|CC0-1\.0|CC-BY-\d\.\d(-[A-Z]{2,3})?|CC-PDDC|CDLA-Permissive-[12]\.0|ISC|MIT|MIT-0|ODC-By-1\.0|PDDL-1\.0|Unlicense|Zlib)$/

/** As `GPL-2.0` and `GPL-2.0+` were called before. */
const DEPRECATED = /^A?GPL-\d\.\d$/

export interface LicenceFacts {
  /** Under which terms what is derived may be passed on; none: it may not. */
  readonly outcomes: readonly Outcome[]
  readonly isNonCommercial: boolean
  readonly isNoDerivatives: boolean
  /** False for a licence that the table does not have: nothing is said of it. */
  readonly isKnown: boolean
}

/** @param id as SPDX spells it @param orLater with `+` behind it */
export function licenceFacts(id: string, orLater: boolean): LicenceFacts {
  const isNonCommercial = /^CC-BY-NC\b/.test(id)
  const isNoDerivatives = /^CC-BY-(NC-)?ND\b/.test(id)
  const known = { isNonCommercial, isNoDerivatives, isKnown: true }
  if (isNoDerivatives) return { ...known, outcomes: [] }
  const creative = SHARE_ALIKE.find((other) => other.startsWith('CC-') && other === id)
  if (creative !== undefined) return { ...known, outcomes: laterVersions(creative) }
  if (isNonCommercial) return { ...known, outcomes: NON_COMMERCIAL }
  const name = DEPRECATED.test(id) ? `${id}-${orLater ? 'or-later' : 'only'}` : id
  const strict = STRICT[name]
  if (strict !== undefined) return { ...known, outcomes: strict }
  return { ...known, outcomes: ALL, isKnown: PERMISSIVE.test(id) }
}

/** From version 2.0 on what is derived may carry a later version; CC-BY-SA-4.0 also GPL-3.0. */
function laterVersions(id: ShareAlike): readonly Outcome[] {
  const [family, version] = [id.slice(0, -3), id.slice(-3)]
  if (version === '1.0') return [id]
  const later = SHARE_ALIKE.filter((other) => other.slice(0, -3) === family && other.slice(-3) >= version)
  return family === 'CC-BY-SA-' ? [...later, 'GPL-3.0'] : later
}
