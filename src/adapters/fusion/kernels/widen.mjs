import { advance, endOf, get, loop, repeat, set, upper, words } from './text.mjs'

/** Float types, which are suffixes of kernels too. */
export const DTYPES = ['F32', 'BF16', 'F16']

/** Bytes of one element. */
export function elementBytes(dtype) {
  return dtype === 'F32' ? 4 : 2
}

/** Locals that `widened` and `doubles` need. */
export const WIDEN_LOCALS = '(local $four v128) (local $magnitude v128) (local $lower v128)'

/** Sets `$four` to four elements as F32, exactly: the group with this index after `address`. */
export function widened(dtype, address, group) {
  if (dtype === 'F32') return set('four', `(v128.load offset=${group * 16} ${address})`)
  const bits = `(v128.load16x4_u offset=${group * 8} ${address})`
  if (dtype === 'BF16') return set('four', `(i32x4.shl ${bits} (i32.const 16))`)
  // by integers, and one subtraction of normal numbers: a product with 2^112 would take subnormal operands, which is slow
  const magnitude = get('magnitude')
  const subnormal = `(f32x4.sub (i32x4.add ${magnitude} ${words('0x38800000')}) ${words('0x38800000')})`
  const special = `(v128.and (i32x4.gt_s ${magnitude} ${words('0x0f7fffff')}) ${words('0x38000000')})`
  const normal = `(i32x4.add (i32x4.add ${magnitude} ${words('0x38000000')}) ${special})`
  const isSubnormal = `(i32x4.lt_s ${magnitude} ${words('0x00800000')})`
  return [
    set('four', bits),
    set('magnitude', `(i32x4.shl (v128.and ${get('four')} ${words('0x7fff')}) (i32.const 13))`),
    set(
      'four',
      `(v128.or (i32x4.shl (v128.and ${get('four')} ${words('0x8000')}) (i32.const 16))
        (v128.bitselect ${subnormal} ${normal} ${isSubnormal}))`,
    ),
  ].join('\n')
}

/** Four elements as doubles: `use` is given the text of the two lower and of the two upper ones. */
export function doubles(dtype, address, group, use) {
  if (dtype === 'F32') {
    const two = (half) => `(f64x2.promote_low_f32x4 (v128.load64_zero offset=${group * 16 + half * 8} ${address}))`
    return use(two(0), two(1))
  }
  const low = `(f64x2.promote_low_f32x4 ${get('four')})`
  return `${widened(dtype, address, group)}\n${use(low, `(f64x2.promote_low_f32x4 ${upper(get('four'))})`)}`
}

function halfWords(value) {
  return `(v128.const i16x8 ${Array(8).fill(value).join(' ')})`
}

/** Of eight F16 those that are zero, subnormal or not finite. */
export function notNormal(eight) {
  // twice the bits without sign, moved so that a signed comparison sees both ends
  return `(i16x8.gt_s (i16x8.add (i16x8.shl ${eight} (i32.const 1)) ${halfWords('0x7800')}) ${halfWords('0x6fff')})`
}

/** Eight normal F16 as doubles: `use` is given the index of each four, and the text of the two lower and of the two upper ones. */
export function normals(eight, use) {
  const upperHalf = `(i16x8.add (v128.and (i16x8.shr_s ${get('magnitude')} (i32.const 3)) ${halfWords('0x8fff')}) ${halfWords('0x3800')})`
  const lowerHalf = `(i16x8.shl ${get('four')} (i32.const 13))`
  const lanes = (first) =>
    Array.from({ length: 4 }, (_, lane) => [0, 1, 16, 17].map((byte) => byte + first + 2 * lane).join(' ')).join(' ')
  const four = (group) => `${set('four', `(i8x16.shuffle ${lanes(8 * group)} ${get('lower')} ${get('magnitude')})`)}
    ${use(group, `(f64x2.promote_low_f32x4 ${get('four')})`, `(f64x2.promote_low_f32x4 ${upper(get('four'))})`)}`
  return `${set('four', eight)} ${set('magnitude', get('four'))} ${set('lower', lowerHalf)} ${set('magnitude', upperHalf)}
    ${four(0)} ${four(1)}`
}

/** Writes elements as F32. */
export function widenKernel(dtype) {
  const bytes = elementBytes(dtype)
  const group = (index) =>
    `${widened(dtype, get('from'), index)} (v128.store offset=${index * 16} ${get('out')} ${get('four')})`
  return `(func (export "widen${dtype}") (param $from i32) (param $out i32) (param $count i32) (local $end i32) ${WIDEN_LOCALS}
    ${endOf('from', bytes)}
    ${loop('from', 'end', 16 * bytes, `${repeat(4, group)} ${advance('out', 64)}`)})`
}
