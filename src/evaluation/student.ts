/**
 * How likely a mean that lies so many standard errors from zero is by chance, two-sided, by Student's t distribution: from 1 (zero) down.
 * For whole degrees of freedom in closed form (Abramowitz and Stegun, 26.7.3 and 26.7.4).
 * @throws RangeError for fewer than one degree of freedom
 */
export function chanceOf(t: number, degrees: number): number {
  if (!Number.isSafeInteger(degrees) || degrees < 1) throw new RangeError('degrees of freedom are 1 or more')
  if (!Number.isFinite(t)) return 0
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees))
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  const isOdd = degrees % 2 === 1
  let term = isOdd ? cosine : 1
  let sum = degrees === 1 ? 0 : term
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k
    sum += term
  }
  const inside = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum
  return Math.min(1, Math.max(0, 1 - inside))
}
