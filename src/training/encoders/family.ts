import type { EncoderConfig } from './encoder-config.ts'
import type { Settings } from './settings.ts'

/** How one family of transformers' encoders writes down what the engines compute. */
export interface EncoderFamily {
  /** What classes of transformers begin with: `Bert` of `BertModel`, `BertForMaskedLM`. */
  readonly className: string
  /** What stands before the body's names in a model with a head, for example `bert.`. */
  readonly prefix: string
  /** Whether a body can have the dense layer over the first token that `BertModel` calls pooler. */
  readonly canPool: boolean
  /** @throws ColdmeshError `unsupported`, `bad-model` */
  readConfig(settings: Settings): Omit<EncoderConfig, 'family'>
  /** This family's name, without a prefix, for what `BertModel` calls `name`. */
  tensorName(name: string): string
}
