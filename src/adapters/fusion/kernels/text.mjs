// Pieces of WebAssembly text that all kernels are written with.

/** `part(0)` to `part(count - 1)`, one after the other. */
export function repeat(count, part) {
  return Array.from({ length: count }, (_, index) => part(index)).join('\n')
}

export function locals(type, ...names) {
  return names.map((name) => `(local $${name} ${type})`).join(' ')
}

export function get(name) {
  return `(local.get $${name})`
}

export function set(name, value) {
  return `(local.set $${name} ${value})`
}

/** Adds so many bytes to an address. */
export function advance(name, bytes) {
  return set(name, `(i32.add ${get(name)} (i32.const ${bytes}))`)
}

/** Four equal words. */
export function words(value) {
  return `(v128.const i32x4 ${value} ${value} ${value} ${value})`
}

/** Two equal doubles. */
export function pair(value) {
  return `(v128.const f64x2 ${value} ${value})`
}

/** The upper two lanes of four, below. */
export function upper(vector) {
  return `(i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 ${vector} ${vector})`
}

/** The lower two lanes of both. */
export function joined(low, high) {
  return `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${low} ${high})`
}

let loops = 0

/** Repeats `body` while the local `name`, raised by `bytes` after each time, is below the local `end`; maybe never. */
export function loop(name, end, bytes, body) {
  const label = `$${name}_${loops++}`
  return `(block ${label}_done (br_if ${label}_done (i32.ge_u ${get(name)} ${get(end)}))
    (loop ${label}
      ${body}
      ${advance(name, bytes)}
      (br_if ${label} (i32.lt_u ${get(name)} ${get(end)}))))`
}

/** The address after `count` elements of so many bytes. */
export function endOf(name, bytes) {
  return set('end', `(i32.add ${get(name)} (i32.mul ${get('count')} (i32.const ${bytes})))`)
}

/** Notes in `$bad` every lane of four floats whose exponent is all ones. */
export function noteNonFinite(floats) {
  return set(
    'bad',
    `(v128.or ${get('bad')} (i32x4.add (v128.and ${floats} ${words('0x7f800000')}) ${words('0x00800000')}))`,
  )
}

/** 1 when a lane was noted. */
export const ANY_BAD = `(i32.ne (i32x4.bitmask ${get('bad')}) (i32.const 0))`

/**
 * Divides by `$divisor`, two equal doubles. By a power of two a product with its reciprocal is the same, exactly, and four times as
 * fast: `body` is given how to divide, and stands there twice.
 */
export function dividing(body) {
  const first = `(i64x2.extract_lane 0 ${get('divisor')})`
  const isPower = `(i64.eqz (i64.and ${first} (i64.const 0xfffffffffffff)))`
  const reciprocal = set('divisor', `(f64x2.div ${pair(1)} ${get('divisor')})`)
  const product = body((value) => `(f64x2.mul ${value} ${get('divisor')})`)
  return `(if ${isPower}
    (then ${reciprocal} ${product})
    (else ${body((value) => `(f64x2.div ${value} ${get('divisor')})`)}))`
}
