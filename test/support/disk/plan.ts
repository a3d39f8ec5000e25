import { pathToFileURL } from 'node:url'

/** What happens to a daemon while it writes. */
export interface DiskPlan {
  /** Its data directory. */
  readonly directory: string
  /** Gets a line for each step. */
  readonly trace: string
  /** Killed (-9) right after this step: the so-manieth of all, or the `nth` of its label. `torn`: in the middle of its bytes. */
  readonly kill?: { readonly step?: number; readonly label?: string; readonly nth?: number; readonly torn?: boolean }
  /** Before the first step of each label, in this order, the disk is filled with `ballast`; the next only after that is gone. */
  readonly fills?: readonly string[]
  readonly ballast?: string
  /** Fills begin when this file is there. */
  readonly armed?: string
}

/** The environment of a daemon that is to run by this plan. */
export function diskEnvironment(plan: DiskPlan): Readonly<Record<string, string>> {
  const preload = pathToFileURL(new URL('./preload.ts', import.meta.url).pathname).href
  return { NODE_OPTIONS: `--import=${preload}`, COLDMESH_TEST_DISK: JSON.stringify(plan) }
}
