import { ColdmeshError } from '../ports/errors.ts'

/**
 * Checks that this machine keeps subnormal numbers and is little-endian: with flush-to-zero (some native libraries set
 * it for a whole process) it would fuse to other bytes than everyone else.
 * @throws ColdmeshError `refused`
 */
export function assertSubnormals(): void {
  const bits = new Uint32Array([1, 1, 0])
  const floats = new Float32Array(bits.buffer)
  if (new Uint8Array(bits.buffer)[0] !== 1) {
    throw new ColdmeshError('refused', 'This machine is big-endian; coldmesh needs a little-endian one.')
  }
  const [a = 0, b = 0] = floats
  const sum = a + b
  floats[2] = sum / 2
  const doubles = new Float64Array([2 ** -1022, 0])
  doubles[1] = (doubles[0] ?? 0) / 4
  if (sum !== 2 ** -148 || bits[2] !== 1 || doubles[1] !== 2 ** -1024) {
    throw new ColdmeshError(
      'refused',
      'This process flushes subnormal numbers to zero, so it would fuse to wrong bytes.',
      {
        hint: 'start without native add-ons that change the floating-point mode',
      },
    )
  }
}
