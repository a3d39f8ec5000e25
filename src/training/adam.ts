/** Whether a weight is of a layer normalization: `LayerNorm`, or `..._layer_norm` as DistilBERT says. */
export function isNormalization(name: string): boolean {
  return /LayerNorm|layer_norm/.test(name)
}

/** Whether weight decay applies to the weights of this name: not to biases and LayerNorm. */
export function isDecayed(name: string): boolean {
  return !name.endsWith('bias') && !isNormalization(name)
}

// The constants of Adam's paper, as PyTorch has them.
export const BETA1 = 0.9
export const BETA2 = 0.999
export const EPSILON = 1e-8
/** Added to the norm of all gradients before dividing by it, as PyTorch does. */
export const CLIP_EPSILON = 1e-6

/** Factor on all gradients, whose norm is `norm`, so that it becomes `clipNorm` at most; 0: off. */
export function clipFactor(norm: number, clipNorm: number): number {
  return clipNorm > 0 ? Math.min(1, clipNorm / (norm + CLIP_EPSILON)) : 1
}
