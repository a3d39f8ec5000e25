import { ANY_BAD, advance, endOf, get, joined, locals, loop, noteNonFinite, pair, repeat, set, upper } from './text.mjs'
import { elementBytes, WIDEN_LOCALS, widened } from './widen.mjs'

// Passes over the differences from a base, all of F32: those of 16 bits are widened first. Counts are multiples of 16.

/** Inputs whose squares are summed at once, each in its own order. */
const CHAINS = 4

/** Adds the squares of each input's differences to its double of `sums`, one after the other. `inputs` is a multiple of 4. */
export function squaresKernel() {
  const chain = (index) => `
    ${set('difference', `(f64.sub (f64.promote_f32 (f32.load (i32.add ${get(`address${index}`)} ${get('at')}))) ${get('from')})`)}
    ${set(`sum${index}`, `(f64.add ${get(`sum${index}`)} (f64.mul ${get('difference')} ${get('difference')}))`)}`
  return `(func (export "addSquares") (param $table i32) (param $inputs i32) (param $base i32) (param $sums i32) (param $count i32)
    ${locals('i32', 'last', 'at', 'end')} ${locals('f64', 'difference', 'from')}
    ${repeat(CHAINS, (index) => `${locals('i32', `address${index}`)} ${locals('f64', `sum${index}`)}`)}
    ${set('last', `(i32.add ${get('table')} (i32.shl ${get('inputs')} (i32.const 2)))`)}
    ${loop(
      'table',
      'last',
      4 * CHAINS,
      `${repeat(
        CHAINS,
        (index) => `
        ${set(`address${index}`, `(i32.load offset=${index * 4} ${get('table')})`)}
        ${set(`sum${index}`, `(f64.load offset=${index * 8} ${get('sums')})`)}`,
      )}
      ${set('at', '(i32.const 0)')} ${endOf('at', 4)}
      ${loop('at', 'end', 4, `${set('from', `(f64.promote_f32 (f32.load (i32.add ${get('base')} ${get('at')})))`)} ${repeat(CHAINS, chain)}`)}
      ${repeat(CHAINS, (index) => `(f64.store offset=${index * 8} ${get('sums')} ${get(`sum${index}`)})`)}
      ${advance('sums', 8 * CHAINS)}`,
    )})`
}

/** Sets `$low` and `$high` to four differences and `$size` to the bits of their magnitudes, rounded to F32. */
function differences(address, group) {
  const load = (from) => `(v128.load offset=${group * 16} ${from})`
  const size = (half) => `(f32x4.demote_f64x2_zero (f64x2.abs ${get(half)}))`
  return `${set('four', load(address))} ${set('from', load(get('base')))}
    ${set('low', `(f64x2.sub (f64x2.promote_low_f32x4 ${get('four')}) (f64x2.promote_low_f32x4 ${get('from')}))`)}
    ${set('high', `(f64x2.sub (f64x2.promote_low_f32x4 ${upper(get('four'))}) (f64x2.promote_low_f32x4 ${upper(get('from'))}))`)}
    ${set('size', joined(size('low'), size('high')))}`
}

/** Counts magnitudes in `counts`, 32-bit integers: by their upper 16 bits, or by the lower ones of those whose upper are `wanted`. */
export function countKernels() {
  const kernel = (name, parameter, count) => `
  (func (export "${name}") (param $values i32) (param $base i32) ${parameter} (param $counts i32) (param $count i32) (result i32)
    ${locals('i32', 'end', 'bits', 'counter')} ${locals('v128', 'four', 'from', 'low', 'high', 'size', 'bad')}
    ${endOf('values', 4)}
    ${loop(
      'values',
      'end',
      16,
      `${differences(get('values'), 0)} ${noteNonFinite(get('four'))}
      ${repeat(4, (lane) => count(`(i32x4.extract_lane ${lane} ${get('size')})`))}
      ${advance('base', 16)}`,
    )}
    ${ANY_BAD})`
  const raise = (index) => `${set('counter', `(i32.add ${get('counts')} (i32.shl ${index} (i32.const 2)))`)}
    (i32.store ${get('counter')} (i32.add (i32.load ${get('counter')}) (i32.const 1)))`
  const lower = (bits) => `${set('bits', bits)}
    (if (i32.eq (i32.shr_u ${get('bits')} (i32.const 16)) ${get('wanted')})
      (then ${raise(`(i32.and ${get('bits')} (i32.const 0xffff))`)}))`
  return [
    kernel('countUpper', '', (bits) => raise(`(i32.shr_u ${bits} (i32.const 16))`)),
    kernel('countLower', '(param $wanted i32)', lower),
  ].join('\n')
}

/** How many magnitudes have these bits. */
export function equalKernel() {
  return `(func (export "countEqual") (param $values i32) (param $base i32) (param $bits i32) (param $count i32) (result i32)
    (local $end i32) ${locals('v128', 'four', 'from', 'low', 'high', 'size', 'wanted', 'found')}
    ${set('wanted', `(i32x4.splat ${get('bits')})`)} ${endOf('values', 4)}
    ${loop(
      'values',
      'end',
      16,
      `${differences(get('values'), 0)}
      ${set('found', `(i32x4.sub ${get('found')} (i32x4.eq ${get('size')} ${get('wanted')}))`)} ${advance('base', 16)}`,
    )}
    (i32.add
      (i32.add (i32x4.extract_lane 0 ${get('found')}) (i32x4.extract_lane 1 ${get('found')}))
      (i32.add (i32x4.extract_lane 2 ${get('found')}) (i32x4.extract_lane 3 ${get('found')}))))`
}

/**
 * ties/1: of each input the differences whose magnitude is above its limit (32-bit integers), their elected sign, and the
 * mean of those that have it, into `sums`. 1 when an input is not finite.
 */
export function tiesKernel() {
  const halves = ['low', 'high']
  const names = ['total', 'above', 'below', 'aboves', 'belows']
  const all = halves.flatMap((half) => names.map((name) => `${name}_${half}`))
  const one = pair(1)
  const add = (name, value) => set(name, `(f64x2.add ${get(name)} ${value})`)
  const turn = (half) => `
    ${set(half, `(v128.and ${get(half)} (i64x2.extend_${half}_i32x4_s ${get('kept')}))`)}
    ${add(`total_${half}`, get(half))}
    ${add(`above_${half}`, `(f64x2.pmax ${get(half)} ${pair(0)})`)}
    ${add(`below_${half}`, `(f64x2.pmin ${get(half)} ${pair(0)})`)}
    ${add(`aboves_${half}`, `(v128.and ${one} (f64x2.gt ${get(half)} ${pair(0)}))`)}
    ${add(`belows_${half}`, `(v128.and ${one} (f64x2.lt ${get(half)} ${pair(0)}))`)}`
  // a quotient of 0 by 0 is masked away
  const merged = (half) => `(v128.or
    (v128.and (f64x2.div ${get(`above_${half}`)} ${get(`aboves_${half}`)}) (f64x2.gt ${get(`total_${half}`)} ${pair(0)}))
    (v128.and (f64x2.div ${get(`below_${half}`)} ${get(`belows_${half}`)}) (f64x2.lt ${get(`total_${half}`)} ${pair(0)})))`
  return `(func (export "ties") (param $table i32) (param $inputs i32) (param $limits i32) (param $base i32) (param $sums i32) (param $count i32) (result i32)
    ${locals('i32', 'at', 'end', 'input', 'last', 'limit', 'address')}
    ${locals('v128', 'four', 'from', 'low', 'high', 'size', 'kept', 'bad', ...all)}
    ${set('last', `(i32.add ${get('table')} (i32.shl ${get('inputs')} (i32.const 2)))`)} ${endOf('at', 4)}
    ${loop(
      'at',
      'end',
      16,
      `${all.map((name) => set(name, pair(0))).join(' ')}
      ${set('input', get('table'))} ${set('limit', get('limits'))}
      ${loop(
        'input',
        'last',
        4,
        `${set('address', `(i32.add (i32.load ${get('input')}) ${get('at')})`)}
        ${differences(get('address'), 0)} ${noteNonFinite(get('four'))}
        ${set('kept', `(i32x4.gt_s ${get('size')} (v128.load32_splat ${get('limit')}))`)}
        ${halves.map(turn).join('\n')} ${advance('limit', 4)}`,
      )}
      (v128.store ${get('sums')} ${merged('low')}) (v128.store offset=16 ${get('sums')} ${merged('high')})
      ${advance('sums', 32)} ${advance('base', 16)}`,
    )}
    ${ANY_BAD})`
}

/** 1 when an element is not finite. */
export function finiteKernel(dtype) {
  const bytes = elementBytes(dtype)
  if (dtype === 'F32') {
    const note = (group) => noteNonFinite(`(v128.load offset=${group * 16} ${get('values')})`)
    return `(func (export "notFiniteF32") (param $values i32) (param $count i32) (result i32) (local $end i32) (local $bad v128)
      ${endOf('values', 4)} ${loop('values', 'end', 64, repeat(4, note))} ${ANY_BAD})`
  }
  return `(func (export "notFinite${dtype}") (param $values i32) (param $count i32) (result i32) (local $end i32) (local $bad v128) ${WIDEN_LOCALS}
    ${endOf('values', bytes)}
    ${loop(
      'values',
      'end',
      16 * bytes,
      repeat(4, (group) => `${widened(dtype, get('values'), group)} ${noteNonFinite(get('four'))}`),
    )}
    ${ANY_BAD})`
}
