import { SluiceError, type TokenStream } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'
import { nativeSse } from '@sluice/sse'
import { openAiChat } from '@sluice/wires/openai'

import { linesWire } from './lines-wire.ts'
import { textWire } from './text-wire.ts'

/** The wires a resource speaks, by name. */
export type Wires = ReadonlyMap<string, Wire>

/** The wires every resource speaks, and those that were added. */
export function resolveWires(extra: readonly Wire[] = []): Wires {
  const all = [nativeSse, openAiChat, linesWire, textWire, ...extra]
  return new Map(all.map((wire) => [wire.name, wire]))
}

/**
 * The wire a reader gets: the one it asked for, else the one the stream was started on, else the native one.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for a name that is not known
 */
export function chooseWire(wires: Wires, asked: string | null, stream: Pick<TokenStream, 'wire'>): Wire {
  if (asked === null || asked === '') return wires.get(stream.wire?.name ?? '') ?? nativeSse
  const wire = wires.get(asked)
  if (wire) return wire
  const known = [...wires.keys()].join(', ')
  throw new SluiceError('SLUICE_ERR_REQUEST', `There is no wire of that name; known are: ${known}.`)
}

/** Whether any of `wires` has ids that are no cursors. */
export function hasOwnIds(wires: Wires): boolean {
  return [...wires.values()].some((wire) => wire.cursorOfId !== undefined)
}

/** `wire`, told what was stored with `stream` also where the stream was started on another one. */
export function withFactsOf(wire: Wire, stream: Pick<TokenStream, 'wire'>): Wire {
  const stored = stream.wire
  if (!stored || stored.name === wire.name) return wire
  return { ...wire, create: (_, options) => wire.create(stored.facts, options) }
}
