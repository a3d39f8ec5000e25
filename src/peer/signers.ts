import { certificate as certificateDeclaration } from '../../protocols/round/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { CheckedBase } from './heads.ts'

/** The members whose signatures a checked base rests on: its certificate's and those of the lists that it quotes. */
export function signersOf({ certificate, opened }: Pick<CheckedBase, 'certificate' | 'opened'>): {
  has(key: Uint8Array): boolean
} {
  const voters = certificateDeclaration.decode(certificate).signatures.map(({ author }) => toHex(author))
  const keys = new Set([...voters, ...opened.lists.map(({ author }) => toHex(author))])
  return { has: (key) => keys.has(toHex(key)) }
}
