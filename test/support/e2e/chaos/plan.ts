import { pathToFileURL } from 'node:url'

/** What a daemon's world looks like, by a module that is loaded before it. */
export interface WorldPlan {
  /** The address that it dials from: 127.x.y.z, so that a proxy knows who comes. */
  readonly source: string
  /** A file with the milliseconds by which its wall clock is wrong; read again whenever it changes. */
  readonly clock: string
}

/** Joins what several plans put into a daemon's environment. */
export function worldEnvironment(
  plan: WorldPlan,
  others: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const preload = pathToFileURL(new URL('./preload.ts', import.meta.url).pathname).href
  const { NODE_OPTIONS = '', ...rest } = others
  return {
    ...rest,
    NODE_OPTIONS: `${NODE_OPTIONS} --import=${preload}`.trim(),
    COLDMESH_TEST_WORLD: JSON.stringify(plan),
  }
}
