import { Tokenizer } from '@huggingface/tokenizers'
import type { Model } from '../../ports/trainer.ts'
import { correct } from './corrections.ts'

/** A model's tokenizer, which gives the ids that Python's does. @throws whatever the library throws */
export function openTokenizer({ tokenizer, tokenizerConfig }: Pick<Model, 'tokenizer' | 'tokenizerConfig'>): Tokenizer {
  // Two settings of the config would have the library change texts in ways of slow tokenizers, which tokenizer.json knows nothing of.
  const config = { ...tokenizerConfig, remove_space: false, do_lowercase_and_remove_accent: false }
  const opened = new Tokenizer(tokenizer, config)
  correct(opened.normalizer, tokenizer['normalizer'])
  correct(opened.pre_tokenizer, tokenizer['pre_tokenizer'])
  return opened
}
