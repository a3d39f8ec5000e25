import { sortingNetwork } from '../../../fusion/sorting-network.ts'
import { middle, pruneNetwork } from '../networks.ts'
import {
  ANY_BAD as ANY_NOTED,
  advance,
  endOf,
  get,
  locals,
  loop,
  noteNonFinite,
  pair,
  repeat,
  set,
  upper,
  words,
} from './text.mjs'

// Rules that order an element's values, given as F32. Keys are integers in the order of the values; applied twice, `key`
// gives the bits back.

/** Most inputs whose median is sorted in registers. */
const MAX_IN_REGISTERS = 16
/** Vectors of four elements in one row of keys. */
const VECTORS = 8
const ROW_BYTES = VECTORS * 16

function key(name) {
  return `(v128.xor ${get(name)} (i32x4.shr_u (i32x4.shr_s ${get(name)} (i32.const 31)) (i32.const 1)))`
}

/** Twice the bits without sign: from 0xff000000 on they are not finite. */
const NOTE = set('bad', `(i32x4.max_u ${get('bad')} (i32x4.shl ${get('four')} (i32.const 1)))`)
const ANY_BAD = `(v128.any_true (i32x4.ge_u ${get('bad')} ${words('0xff000000')}))`

/** Loads four values of the input with this index in the table and notes them. */
function loadInput(table, index, group) {
  return `${set('four', `(v128.load offset=${group * 16} (i32.add (i32.load offset=${index * 4} ${get(table)}) ${get('at')}))`)} ${NOTE}`
}

/** The sum of the one or two middle values of `inputs` into `sums`. 1 when an input is not finite. */
function medianKernel(inputs) {
  const { from, to } = middle(inputs)
  const network = pruneNetwork(sortingNetwork(inputs), from, to)
  const value = Array.from({ length: inputs }, (_, index) => `value${index}`)
  let spare = 'spare'
  const compare = ([lower, higher]) => {
    const [a, b] = [value[lower], value[higher]]
    const text = `${set(spare, `(i32x4.min_s ${get(a)} ${get(b)})`)} ${set(b, `(i32x4.max_s ${get(a)} ${get(b)})`)}`
    value[lower] = spare
    spare = a
    return text
  }
  const sorted = network.map(compare).join('\n')
  const ranks = value.slice(from, to)
  const sum = (part) =>
    ranks
      .map((name) => `(f64x2.promote_low_f32x4 ${part(get(name))})`)
      .reduce((left, right) => `(f64x2.add ${left} ${right})`)
  return `(func (export "median${inputs}") (param $table i32) (param $at i32) (param $sums i32) (param $count i32) (result i32)
    (local $end i32) ${locals('v128', 'four', 'bad', 'spare', ...Array.from({ length: inputs }, (_, index) => `value${index}`))}
    ${endOf('at', 4)}
    ${loop(
      'at',
      'end',
      16,
      `${repeat(inputs, (index) => `${loadInput('table', index, 0)} ${set(`value${index}`, key('four'))}`)}
      ${sorted}
      ${ranks.map((name) => set(name, key(name))).join(' ')}
      (v128.store ${get('sums')} ${sum((four) => four)}) (v128.store offset=16 ${get('sums')} ${sum(upper)})
      ${advance('sums', 32)}`,
    )}
    ${ANY_BAD})`
}

/**
 * The median of F32, rounded and written. The order of zeros, and of what is not finite, is nobody's concern here: numbers
 * are compared as such. 1 when something may not be finite: the sum of all inputs or the result, which may overflow where a median does not.
 */
function writtenMedianKernel(inputs) {
  const { from, to } = middle(inputs)
  const network = pruneNetwork(sortingNetwork(inputs), from, to)
  const names = Array.from({ length: inputs }, (_, index) => `value${index}`)
  const addresses = names.map((_, index) => `address${index}`)
  const four = (group) => {
    const value = [...names]
    let spare = 'spare'
    const compare = ([lower, higher]) => {
      const [a, b] = [value[lower], value[higher]]
      const text = `${set(spare, `(f32x4.pmin ${get(a)} ${get(b)})`)} ${set(b, `(f32x4.pmax ${get(a)} ${get(b)})`)}`
      value[lower] = spare
      spare = a
      return text
    }
    const add = (left, right) => `(f32x4.add ${left} ${right})`
    const loads = names.map((name, index) => set(name, `(v128.load offset=${group * 16} ${get(addresses[index])})`))
    const total = set('total', names.map(get).reduce(add))
    const sorted = network.map(compare)
    const [one, other] = value.slice(from, to).map(get)
    // half of a sum of two is rounded as the sum is, or exact: as by way of doubles
    const median = other === undefined ? one : `(f32x4.mul ${add(one, other)} (v128.const f32x4 0.5 0.5 0.5 0.5))`
    return `${loads.join(' ')} ${total} ${sorted.join(' ')}
      ${set('four', add('(v128.const f32x4 0 0 0 0)', median))} (v128.store offset=${group * 16} ${get('out')} ${get('four')})
      ${noteNonFinite(add(get('total'), get('four')))}`
  }
  const address = (name, index) => set(name, `(i32.add (i32.load offset=${index * 4} ${get('table')}) ${get('at')})`)
  return `(func (export "writeMedian${inputs}") (param $table i32) (param $at i32) (param $out i32) (param $count i32) (result i32)
    (local $end i32) ${locals('i32', ...addresses)} ${locals('v128', 'four', 'bad', 'total', 'spare', ...names)}
    ${endOf('at', 4)}
    ${loop('at', 'end', 32, `${addresses.map(address).join(' ')} ${repeat(2, four)} ${advance('out', 32)}`)}
    ${ANY_NOTED})`
}

export function medianKernels() {
  const every = (kernel) => repeat(MAX_IN_REGISTERS - 1, (index) => kernel(index + 2))
  return [every(medianKernel), every(writtenMedianKernel)].join('\n')
}

/**
 * The sum of the values of the ranks [from, to) into `sums`, in ascending order, by a network of any size: `network` has the
 * offsets of the rows that each comparator takes, `rows` is room for a row an input. 1 when an input is not finite.
 */
export function orderKernel() {
  const at = (name, index) => `(v128.load offset=${index * 16} ${get(name)})`
  const fill = (index) =>
    `${loadInput('input', 0, index)} (v128.store offset=${index * 16} ${get('row')} ${key('four')})`
  const compare = (index) => `
    ${set('four', at('row', index))} ${set('other', at('end_row', index))}
    (v128.store offset=${index * 16} ${get('row')} (i32x4.min_s ${get('four')} ${get('other')}))
    (v128.store offset=${index * 16} ${get('end_row')} (i32x4.max_s ${get('four')} ${get('other')}))`
  const half = VECTORS / 2
  const sumHalf = (first) => `
    ${repeat(half, (index) => `${set(`low${index}`, pair(0))} ${set(`high${index}`, pair(0))}`)}
    ${set('row', `(i32.add ${get('rows')} (i32.mul ${get('from')} (i32.const ${ROW_BYTES})))`)}
    ${set('end_row', `(i32.add ${get('rows')} (i32.mul ${get('to')} (i32.const ${ROW_BYTES})))`)}
    ${loop(
      'row',
      'end_row',
      ROW_BYTES,
      repeat(
        half,
        (index) => `
        ${set('four', at('row', first + index))} ${set('four', key('four'))}
        ${set(`low${index}`, `(f64x2.add ${get(`low${index}`)} (f64x2.promote_low_f32x4 ${get('four')}))`)}
        ${set(`high${index}`, `(f64x2.add ${get(`high${index}`)} (f64x2.promote_low_f32x4 ${upper(get('four'))}))`)}`,
      ),
    )}
    ${repeat(
      half,
      (index) => `
      (v128.store offset=${(first + index) * 32} ${get('sums')} ${get(`low${index}`)})
      (v128.store offset=${(first + index) * 32 + 16} ${get('sums')} ${get(`high${index}`)})`,
    )}`
  return `(func (export "order") (param $table i32) (param $inputs i32) (param $network i32) (param $comparators i32) (param $rows i32)
    (param $from i32) (param $to i32) (param $at i32) (param $sums i32) (param $count i32) (result i32)
    ${locals('i32', 'end', 'input', 'last', 'row', 'end_row', 'next', 'network_end')} ${locals('v128', 'four', 'other', 'bad')}
    ${repeat(half, (index) => locals('v128', `low${index}`, `high${index}`))}
    ${endOf('at', 4)}
    ${set('last', `(i32.add ${get('table')} (i32.shl ${get('inputs')} (i32.const 2)))`)}
    ${set('network_end', `(i32.add ${get('network')} (i32.shl ${get('comparators')} (i32.const 3)))`)}
    ${loop(
      'at',
      'end',
      ROW_BYTES,
      `${set('input', get('table'))} ${set('row', get('rows'))}
      ${loop('input', 'last', 4, `${repeat(VECTORS, fill)} ${advance('row', ROW_BYTES)}`)}
      ${set('next', get('network'))}
      ${loop(
        'next',
        'network_end',
        8,
        `${set('row', `(i32.add ${get('rows')} (i32.load ${get('next')}))`)}
        ${set('end_row', `(i32.add ${get('rows')} (i32.load offset=4 ${get('next')}))`)}
        ${repeat(VECTORS, compare)}`,
      )}
      ${sumHalf(0)} ${sumHalf(half)}
      ${advance('sums', VECTORS * 32)}`,
    )}
    ${ANY_BAD})`
}
