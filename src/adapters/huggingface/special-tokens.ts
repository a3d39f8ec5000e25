const ROLES = ['pad_token', 'unk_token', 'cls_token', 'sep_token', 'mask_token'] as const
export type SpecialTokens = Readonly<Record<(typeof ROLES)[number], string>>

export const BERT_TOKENS: SpecialTokens = {
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  mask_token: '[MASK]',
}
export const ROBERTA_TOKENS: SpecialTokens = {
  pad_token: '<pad>',
  unk_token: '<unk>',
  cls_token: '<s>',
  sep_token: '</s>',
  mask_token: '<mask>',
}

/** The special tokens' texts: `usual` ones, or others that tokenizer_config.json names. */
export function specialTokens(config: Readonly<Record<string, unknown>>, usual: SpecialTokens): SpecialTokens {
  const named = ROLES.map((role) => {
    const value = config[role]
    const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : value
    return [role, typeof content === 'string' ? content : usual[role]]
  })
  return { ...usual, ...Object.fromEntries(named) }
}

/** Special tokens as tokenizer.json's `added_tokens` has them, by id. `spaced`: the one that takes the space before it, and is never normalized. */
export function addedTokens(
  special: Readonly<Record<string, string>>,
  idOf: (token: string) => number,
  { isNormalized, spaced }: { readonly isNormalized: boolean; readonly spaced: string | null },
): Record<string, unknown>[] {
  return [...new Set(Object.values(special))]
    .map((content) => ({ id: idOf(content), content }))
    .sort((a, b) => a.id - b.id)
    .map((token) => ({
      ...token,
      single_word: false,
      lstrip: token.content === spaced,
      rstrip: false,
      normalized: isNormalized && token.content !== spaced,
      special: true,
    }))
}
