import {
  ANY_BAD,
  advance,
  dividing,
  endOf,
  get,
  joined,
  locals,
  loop,
  noteNonFinite,
  pair,
  repeat,
  set,
  words,
} from './text.mjs'
import { doubles, elementBytes, WIDEN_LOCALS } from './widen.mjs'

// What becomes of `sums`, doubles, until they are elements again. Counts are multiples of 16.

const HALVES = {
  BF16: { fractionBits: 7, bias: 127, special: 255 },
  F16: { fractionBits: 10, bias: 15, special: 31 },
}
const F64_BIAS = 1023
const UPPER_BITS = 20

const load = (index) => `(v128.load offset=${index * 16} ${get('sums')})`
const store = (index, value) => `(v128.store offset=${index * 16} ${get('sums')} ${value})`

/** Divides each double, rounds it once to the dtype, and writes it; -0 becomes +0. 1 when a result is not finite. */
export function roundKernel(dtype) {
  const four = (divide) => (index) => (dtype === 'F32' ? roundFour(index, divide) : roundHalves(dtype, index, divide))
  return `(func (export "round${dtype}") (param $sums i32) (param $divide f64) (param $out i32) (param $count i32) (result i32)
    (local $end i32) ${locals('v128', 'divisor', 'low', 'high', 'upper', 'sticky', 'normal', 'small', 'rounded', 'bad')}
    ${set('divisor', `(f64x2.splat ${get('divide')})`)} ${endOf('sums', 8)}
    ${dividing((divide) => loop('sums', 'end', 128, `${repeat(4, four(divide))} ${advance('out', 16 * elementBytes(dtype))}`))}
    ${ANY_BAD})`
}

function quotient(index) {
  return `(f64x2.div ${load(index)} ${get('divisor')})`
}

function roundFour(group, divide) {
  const half = (index) => `(f32x4.demote_f64x2_zero ${divide(load(index))})`
  return `${set('rounded', `(f32x4.add (v128.const f32x4 0 0 0 0) ${joined(half(2 * group), half(2 * group + 1))})`)}
    (v128.store offset=${group * 16} ${get('out')} ${get('rounded')}) ${noteNonFinite(get('rounded'))}`
}

/** Straight from 64 bits, by integers: by way of F32 would be two roundings. */
function roundHalves(dtype, group, divide) {
  const { fractionBits, bias, special } = HALVES[dtype]
  const lost = UPPER_BITS - fractionBits
  const rebias = F64_BIAS - bias
  const firstNormal = (rebias + 1) << UPPER_BITS
  const infinity = special << fractionBits
  // the sum with a power of two has the magnitude in units of the smallest subnormal, rounded to even, in its lowest bits
  const unit = bias - 1 + fractionBits
  const inUnits = (name) => `(f64x2.add (f64x2.abs ${get(name)}) ${pair(2 ** (52 - unit))})`
  const evenWords = (a, b) => `(i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ${a} ${b})`
  const oddWords = (a, b) => `(i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 ${a} ${b})`
  const magnitude = `(v128.and ${get('upper')} ${words('0x7fffffff')})`
  return [
    set('low', divide(load(2 * group))),
    set('high', divide(load(2 * group + 1))),
    set('upper', oddWords(get('low'), get('high'))),
    // any bit of the lower word counts as the lowest of the upper one
    set('sticky', `(i32x4.ne ${evenWords(get('low'), get('high'))} ${words(0)})`),
    set('normal', `(v128.or ${magnitude} (v128.and ${get('sticky')} ${words(1)}))`),
    set(
      'normal',
      `(i32x4.sub (i32x4.shr_u (i32x4.add (i32x4.add ${get('normal')} ${words((1 << (lost - 1)) - 1)})
        (v128.and (i32x4.shr_u ${get('normal')} (i32.const ${lost})) ${words(1)})) (i32.const ${lost})) ${words(rebias << fractionBits)})`,
    ),
    set('small', evenWords(inUnits('low'), inUnits('high'))),
    set(
      'rounded',
      `(v128.bitselect ${get('small')} (i32x4.min_s ${get('normal')} ${words(infinity)})
        (i32x4.lt_s ${magnitude} ${words(firstNormal)}))`,
    ),
    set('bad', `(v128.or ${get('bad')} (i32x4.sub ${words(infinity - 1)} ${get('rounded')}))`),
    // the sign, but not of zero
    set(
      'rounded',
      `(v128.or ${get('rounded')} (v128.and (i32x4.shr_u (v128.and ${get('upper')} ${words('0x80000000')}) (i32.const 16))
        (i32x4.ne ${get('rounded')} ${words(0)})))`,
    ),
    `(v128.store64_lane offset=${group * 8} 0 ${get('out')} (i16x8.narrow_i32x4_u ${get('rounded')} ${get('rounded')}))`,
  ].join('\n')
}

/** Kernels that change `sums` in place, with the base's elements beside them. */
export function baseKernels(dtype) {
  const bytes = elementBytes(dtype)
  const kernel = (name, value) => {
    const four = (group) =>
      doubles(dtype, get('base'), group, (low, high) =>
        [low, high]
          .map(
            (base, half) =>
              `${set('from', base)} ${store(2 * group + half, value(get('from'), load(2 * group + half)))}`,
          )
          .join('\n'),
      )
    return `(func (export "${name}${dtype}") (param $sums i32) (param $by f64) (param $base i32) (param $count i32)
      (local $end i32) ${WIDEN_LOCALS} ${locals('v128', 'factor', 'from')}
      ${set('factor', `(f64x2.splat ${get('by')})`)} ${endOf('sums', 8)}
      ${loop('sums', 'end', 128, `${repeat(4, four)} ${advance('base', 16 * bytes)}`)})`
  }
  const by = get('factor')
  return [
    // base + number / by
    kernel('addBase', (base, number) => `(f64x2.add ${base} (f64x2.div ${number} ${by}))`),
    // base + by * number
    kernel('scale', (base, number) => `(f64x2.add ${base} (f64x2.mul ${by} ${number}))`),
    // base + by * (number - base)
    kernel('step', (base, number) => `(f64x2.add ${base} (f64x2.mul ${by} (f64x2.sub ${number} ${base})))`),
  ].join('\n')
}

/** `sums = base + (value - parent)` */
export function rebaseKernel(dtype) {
  const bytes = elementBytes(dtype)
  const four = (group) =>
    [
      doubles(dtype, get('values'), group, (low, high) => `${set('low', low)} ${set('high', high)}`),
      doubles(
        dtype,
        get('parent'),
        group,
        (low, high) =>
          `${set('low', `(f64x2.sub ${get('low')} ${low})`)} ${set('high', `(f64x2.sub ${get('high')} ${high})`)}`,
      ),
      doubles(
        dtype,
        get('base'),
        group,
        (low, high) =>
          `${store(2 * group, `(f64x2.add ${low} ${get('low')})`)} ${store(2 * group + 1, `(f64x2.add ${high} ${get('high')})`)}`,
      ),
    ].join('\n')
  return `(func (export "rebase${dtype}") (param $values i32) (param $parent i32) (param $base i32) (param $sums i32) (param $count i32)
    (local $end i32) ${WIDEN_LOCALS} ${locals('v128', 'low', 'high')}
    ${endOf('sums', 8)}
    ${loop(
      'sums',
      'end',
      128,
      `${repeat(4, four)} ${['values', 'parent', 'base'].map((name) => advance(name, 16 * bytes)).join(' ')}`,
    )})`
}

/** Kernels of doubles alone. */
export function doubleKernels() {
  const two = (value) => repeat(8, (index) => store(index, value(index)))
  return `(func (export "divide") (param $sums i32) (param $by f64) (param $count i32) (local $end i32) (local $divisor v128)
    ${set('divisor', `(f64x2.splat ${get('by')})`)} ${endOf('sums', 8)}
    ${loop('sums', 'end', 128, two(quotient))})
  (func (export "addDoubles") (param $sums i32) (param $more i32) (param $count i32) (local $end i32)
    ${endOf('sums', 8)}
    ${loop(
      'sums',
      'end',
      128,
      `${two((index) => `(f64x2.add ${load(index)} (v128.load offset=${index * 16} ${get('more')}))`)} ${advance('more', 128)}`,
    )})
  (func (export "clear") (param $sums i32) (param $count i32)
    (memory.fill ${get('sums')} (i32.const 0) (i32.shl ${get('count')} (i32.const 3))))`
}
