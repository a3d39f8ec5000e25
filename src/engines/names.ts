/** Every engine by name, in the order in which `auto` tries them: the fastest first. */
export const ENGINE_NAMES = ['onnx'] as const

export type EngineName = (typeof ENGINE_NAMES)[number]

/** What a user may ask for. */
export const ENGINE_CHOICES = ['auto', ...ENGINE_NAMES] as const

export type EngineChoice = (typeof ENGINE_CHOICES)[number]
