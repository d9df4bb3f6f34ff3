import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Source, SluiceError, type SluiceErrorCode, type SluiceErrorOptions, type SourceItem } from '@sluice/core'

/** Where the scripts are, and what was recorded of them. */
export const FOLDER: string = join(import.meta.dirname, '../../vectors/bytes')

/** What a source yields, turn by turn, and how it ends: by itself, unless it throws or is cancelled. */
export interface EventScript {
  name: string
  turns: readonly (readonly SourceItem[] | { silenceMs: number })[]
  /** What it throws after its last turn: an error written for readers, or the message of any other. */
  throws?: string | (SluiceErrorOptions & { code: SluiceErrorCode; message: string })
  /** After its last turn it waits for its cancellation. */
  cancelled?: true
  /** Seq after which the stream is also read by a client that comes back, and by one that begins there. */
  resumeAfter?: number
  /** What its wire stores with the stream beside the usual; `null`: it was started on no wire. */
  facts?: Record<string, string | boolean> | null
}

/** The scripts, in the order of their file. */
export const eventScripts: readonly EventScript[] = JSON.parse(
  readFileSync(join(FOLDER, 'scripts.json'), 'utf8'),
) as EventScript[]

/** The script of this name. */
export function scriptNamed(name: string): EventScript {
  return eventScripts.find((script) => script.name === name)!
}

/** Plays a script; `begins` is waited for before each turn, and before the end. */
export function sourceOf(script: EventScript, begins: (turn: number, silenceMs: number) => Promise<void>): Source {
  return async function* ({ signal }) {
    for (const [index, turn] of script.turns.entries()) {
      if ('silenceMs' in turn) await begins(index, turn.silenceMs)
      else {
        await begins(index, 0)
        yield turn as SourceItem
      }
    }
    await begins(script.turns.length, 0)
    if (script.cancelled) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const { throws } = script
    if (typeof throws === 'string') throw new Error(throws)
    if (throws) throw new SluiceError(throws.code, throws.message, throws)
  }
}
