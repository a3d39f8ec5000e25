export async function* buildLies(_: unknown): AsyncGenerator<{ file: Uint8Array }> {}
