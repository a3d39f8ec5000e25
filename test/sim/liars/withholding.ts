import type { Liar } from './liar.ts'

/** Says the same as an honest member. Only good as a stand-in. */
export const honestLiar: Liar = { name: 'honest', speak: (saying) => [{ saying }] }

export const silentLiar: Liar = { name: 'silent', withholds: true, speak: () => [] }

/** Lists and votes, but gives no bytes of its proposals. */
export const withholdingLiar: Liar = { name: 'withholding', withholds: true, speak: (saying) => [{ saying }] }

/** Gives its bytes to every other member, so that some know what others can't. */
export const choosyLiar: Liar = {
  name: 'choosy',
  withholdsFrom: (index) => index % 2 === 0,
  speak: (saying) => [{ saying }],
}
