import { pathToFileURL } from 'node:url'

/** What happens to a daemon while it writes. */
export interface DiskPlan {
  /** Its data directory. */
  readonly directory: string
  /** Gets a line for each step. */
  readonly trace: string
  /** Killed (-9) right after this step: the so-manieth of all, or the `nth` of its label. `torn`: in the middle of its bytes. */
  readonly kill?: { readonly step?: number; readonly label?: string; readonly nth?: number; readonly torn?: boolean }
  /** The disk is filled with `ballast` before a step of the label that the file `armed` holds; that file is then deleted. */
  readonly fill?: { readonly armed: string; readonly ballast: string }
  /** From just before a step of the label that the file `armed` holds, no file of the process grows past what that step's file has now. */
  readonly cap?: { readonly armed: string }
}

/** The environment of a daemon that is to run by this plan. */
export function diskEnvironment(plan: DiskPlan): Readonly<Record<string, string>> {
  const preload = pathToFileURL(new URL('./preload.ts', import.meta.url).pathname).href
  return { NODE_OPTIONS: `--import=${preload}`, COLDMESH_TEST_DISK: JSON.stringify(plan) }
}
