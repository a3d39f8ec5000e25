// GELU's approximation: x/2 (1 + tanh(SCALE (x + CUBE x^3))).
export const TANH_SCALE = Math.sqrt(2 / Math.PI)
export const TANH_CUBE = 0.044715
