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
} from './text.mjs'
import { doubles, elementBytes, normals, notNormal, WIDEN_LOCALS } from './widen.mjs'

// Sums stay in registers while an inner loop goes over the inputs. `table` has the inputs' addresses, `at` is the offset in
// bytes of the elements looked at, `sums` has doubles. Counts are multiples of 16.

/** Elements of one turn; with a base beside the sums the registers hold half as many. */
const ELEMENTS = 16
/** Inputs of one turn of the inner loop. */
const UNROLLED = 4
const TABLE = '(param $table i32) (param $inputs i32)'
const POINTERS = locals('i32', 'end', 'input', 'last', 'fours', 'address')

function sumNames(elements) {
  return Array.from({ length: elements / 2 }, (_, index) => `sum${index}`)
}

const BEGIN = [
  set('last', `(i32.add ${get('table')} (i32.shl ${get('inputs')} (i32.const 2)))`),
  set('fours', `(i32.add ${get('table')} (i32.and (i32.shl ${get('inputs')} (i32.const 2)) (i32.const -16)))`),
].join(' ')

/** `turn(index)` for every input, its elements at `$address`; `after(inputs)` when so many are done. */
function overInputs(turn, after = () => '') {
  const one = (index) =>
    `${set('address', `(i32.add (i32.load offset=${index * 4} ${get('input')}) ${get('at')})`)} ${turn(index)}`
  return [
    set('input', get('table')),
    loop('input', 'fours', 4 * UNROLLED, `${repeat(UNROLLED, one)} ${after(UNROLLED)}`),
    loop('input', 'last', 4, `${one(0)} ${after(1)}`),
  ].join('\n')
}

/** Adds two doubles to the sums of their group's half. */
function addPair(group, [low, high], term) {
  return [low, high]
    .map((value, half) => {
      const index = group * 2 + half
      return set(`sum${index}`, `(f64x2.add ${get(`sum${index}`)} ${term(value, index)})`)
    })
    .join('\n')
}

function addElements(dtype, elements, term = (value) => value) {
  const any = repeat(elements / 4, (group) =>
    doubles(dtype, get('address'), group, (low, high) => addPair(group, [low, high], term)),
  )
  if (dtype !== 'F16' || elements !== ELEMENTS) return any
  const load = (index) => `(v128.load offset=${index * 16} ${get('address')})`
  const normal = (index) => normals(load(index), (group, low, high) => addPair(2 * index + group, [low, high], term))
  return `(if (v128.any_true (v128.or ${notNormal(load(0))} ${notNormal(load(1))}))
    (then ${any})
    (else ${normal(0)} ${normal(1)}))`
}

function loadSums(elements) {
  return sumNames(elements)
    .map((sum, index) => set(sum, `(v128.load offset=${index * 16} ${get('sums')})`))
    .join(' ')
}

function storeSums(elements) {
  const stores = sumNames(elements).map((sum, index) => `(v128.store offset=${index * 16} ${get('sums')} ${get(sum)})`)
  return `${stores.join(' ')} ${advance('sums', elements * 8)}`
}

/** The mean of F32 in one go, rounded and written. 1 when a result is not finite. */
export function meanKernel() {
  const sums = sumNames(ELEMENTS)
  const rounded = (group, divide) => {
    const half = (index) => `(f32x4.demote_f64x2_zero ${divide(get(`sum${index}`))})`
    return `
    ${set('mean', `(f32x4.add (v128.const f32x4 0 0 0 0) ${joined(half(2 * group), half(2 * group + 1))})`)}
    (v128.store offset=${group * 16} ${get('out')} ${get('mean')})
    ${noteNonFinite(get('mean'))}`
  }
  return `(func (export "meanF32") ${TABLE} (param $at i32) (param $out i32) (param $count i32) (result i32)
    ${POINTERS} ${locals('v128', 'divisor', 'mean', 'bad', ...sums)}
    ${BEGIN} ${endOf('at', 4)}
    ${set('divisor', `(f64x2.splat (f64.convert_i32_u ${get('inputs')}))`)}
    ${dividing((divide) =>
      loop(
        'at',
        'end',
        ELEMENTS * 4,
        `${sums.map((sum) => set(sum, pair(0))).join(' ')}
      ${overInputs(() => addElements('F32', ELEMENTS))}
      ${repeat(ELEMENTS / 4, (group) => rounded(group, divide))}
      ${advance('out', ELEMENTS * 4)}`,
      ),
    )}
    ${ANY_BAD})`
}

/** Adds the inputs to `sums`, in order. */
export function addKernel(dtype) {
  const bytes = elementBytes(dtype)
  return `(func (export "add${dtype}") ${TABLE} (param $at i32) (param $sums i32) (param $count i32)
    ${POINTERS} ${WIDEN_LOCALS} ${locals('v128', ...sumNames(ELEMENTS))}
    ${BEGIN} ${endOf('at', bytes)}
    ${loop(
      'at',
      'end',
      ELEMENTS * bytes,
      `${loadSums(ELEMENTS)} ${overInputs(() => addElements(dtype, ELEMENTS))} ${storeSums(ELEMENTS)}`,
    )})`
}

/** Adds each input times its factor, a double of `factors`. */
export function addTimesKernel(dtype) {
  const bytes = elementBytes(dtype)
  const turn = (index) => `${setFactor(index)}
    ${addElements(dtype, ELEMENTS, (value) => `(f64x2.mul ${get('factor')} ${value})`)}`
  return `(func (export "addTimes${dtype}") ${TABLE} (param $factors i32) (param $at i32) (param $sums i32) (param $count i32)
    ${POINTERS} (local $next i32) ${WIDEN_LOCALS} ${locals('v128', 'factor', ...sumNames(ELEMENTS))}
    ${BEGIN} ${endOf('at', bytes)}
    ${loop(
      'at',
      'end',
      ELEMENTS * bytes,
      `${loadSums(ELEMENTS)} ${set('next', get('factors'))}
      ${overInputs(turn, (inputs) => advance('next', 8 * inputs))} ${storeSums(ELEMENTS)}`,
    )})`
}

/** Adds each input's difference from the base times its factor. `base` is the address of the base's first element. */
export function addClippedKernel(dtype) {
  const bytes = elementBytes(dtype)
  const elements = ELEMENTS / 2
  const bases = Array.from({ length: elements / 2 }, (_, index) => `base${index}`)
  const term = (value, index) => `(f64x2.mul ${get('factor')} (f64x2.sub ${value} ${get(`base${index}`)}))`
  const loadBase = repeat(elements / 4, (group) =>
    doubles(
      dtype,
      get('base'),
      group,
      (low, high) => `${set(`base${group * 2}`, low)} ${set(`base${group * 2 + 1}`, high)}`,
    ),
  )
  return `(func (export "addClipped${dtype}") ${TABLE} (param $factors i32) (param $base i32) (param $at i32) (param $sums i32) (param $count i32)
    ${POINTERS} (local $next i32) ${WIDEN_LOCALS} ${locals('v128', 'factor', ...sumNames(elements), ...bases)}
    ${BEGIN} ${endOf('at', bytes)}
    ${loop(
      'at',
      'end',
      elements * bytes,
      `${loadSums(elements)} ${loadBase} ${set('next', get('factors'))}
      ${overInputs(
        (index) => `${setFactor(index)} ${addElements(dtype, elements, term)}`,
        (inputs) => advance('next', 8 * inputs),
      )}
      ${storeSums(elements)} ${advance('base', elements * bytes)}`,
    )})`
}

function setFactor(index) {
  return set('factor', `(v128.load64_splat offset=${index * 8} ${get('next')})`)
}
