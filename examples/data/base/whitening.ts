/** A symmetric matrix, row by row. */
type Matrix = Float64Array

const ITERATIONS = 40

/**
 * The affine map y = weight x + bias under which `vectors` have mean 0 and (nearly) covariance `scale`² I, staying as close to the
 * identity's axes as it can: weight is scale (C + floor · tr(C)/n · I)^(-1/2).
 *
 * @param floor keeps directions in which the vectors hardly differ from being blown up
 */
export function whitening(
  vectors: readonly Float32Array[],
  { scale, floor }: { readonly scale: number; readonly floor: number },
): { weight: Float32Array; bias: Float32Array } {
  const size = vectors[0]?.length ?? 0
  const mean = new Float64Array(size)
  for (const vector of vectors) for (let i = 0; i < size; i++) mean[i] = at(mean, i) + at(vector, i) / vectors.length
  const covariance: Matrix = new Float64Array(size * size)
  for (const vector of vectors) {
    for (let i = 0; i < size; i++) {
      const centred = (at(vector, i) - at(mean, i)) / vectors.length
      for (let j = 0; j < size; j++)
        covariance[i * size + j] = at(covariance, i * size + j) + centred * (at(vector, j) - at(mean, j))
    }
  }
  const average = trace(covariance, size) / size
  for (let i = 0; i < size; i++) covariance[i * size + i] = at(covariance, i * size + i) + floor * average
  const root = inverseRoot(covariance, size)
  const weight = Float32Array.from(root, (value) => value * scale)
  const bias = Float32Array.from({ length: size }, (_, i) => {
    let sum = 0
    for (let j = 0; j < size; j++) sum -= at(weight, i * size + j) * at(mean, j)
    return sum
  })
  return { weight, bias }
}

/** A^(-1/2) of a symmetric positive definite matrix, by the coupled Newton-Schulz iteration (Higham, Functions of Matrices, 6.3). */
function inverseRoot(matrix: Matrix, size: number): Matrix {
  const norm = Math.hypot(...matrix)
  let y: Matrix = matrix.map((value) => value / norm)
  let z: Matrix = identity(size)
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const product = multiply(z, y, size)
    const step = product.map((value, at) => ((at % (size + 1) === 0 ? 3 : 0) - value) / 2)
    y = multiply(y, step, size)
    z = multiply(step, z, size)
  }
  return z.map((value) => value / Math.sqrt(norm))
}

function identity(size: number): Matrix {
  return Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0))
}

function multiply(a: Matrix, b: Matrix, size: number): Matrix {
  const product = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = at(a, i * size + k)
      for (let j = 0; j < size; j++) product[i * size + j] = at(product, i * size + j) + factor * at(b, k * size + j)
    }
  }
  return product
}

function trace(matrix: Matrix, size: number): number {
  let sum = 0
  for (let i = 0; i < size; i++) sum += at(matrix, i * size + i)
  return sum
}

function at(values: Float64Array | Float32Array, index: number): number {
  return values[index] ?? 0
}
