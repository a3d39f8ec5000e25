import { BERT } from './bert.ts'
import { DISTILBERT } from './distilbert.ts'
import { ELECTRA } from './electra.ts'
import { FAMILY_NAMES, type FamilyName } from './encoder-config.ts'
import type { EncoderFamily } from './family.ts'
import { ROBERTA, XLM_ROBERTA } from './roberta.ts'
import { type Settings, unsupported } from './settings.ts'

export const FAMILIES: Readonly<Record<FamilyName, EncoderFamily>> = {
  bert: BERT,
  roberta: ROBERTA,
  'xlm-roberta': XLM_ROBERTA,
  distilbert: DISTILBERT,
  electra: ELECTRA,
}

/** By `model_type`, or where that is missing by the class in `architectures`. @throws ColdmeshError `unsupported` */
export function familyOf(settings: Settings): FamilyName {
  const { model_type: type, architectures } = settings
  const architecture = String(type ?? (Array.isArray(architectures) ? architectures[0] : undefined) ?? 'unknown')
  const family = FAMILY_NAMES.find(
    (name) => name === architecture || (type === undefined && isClassOf(FAMILIES[name], architecture)),
  )
  if (family !== undefined) return family
  const supported = `They train encoders of the families ${FAMILY_NAMES.join(', ')}.`
  throw unsupported(`The model's architecture is \`${architecture}\``, { architecture }, supported)
}

function isClassOf({ className }: EncoderFamily, architecture: string): boolean {
  const rest = architecture.startsWith(className) ? architecture.slice(className.length) : ''
  return rest === 'Model' || /^For[A-Z]/.test(rest)
}
