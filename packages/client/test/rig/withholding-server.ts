import type { EndEvent, StreamEvent } from '@sluice/core'

import type { Link, LinkListener, Transport } from '../../src/link/link.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }
const placeOf = (seq: number): string => `s.1.${seq}`

/** One connection to a server whose store may not answer. */
export interface Serving {
  /** How many events come before the connection breaks; what is merged counts once. */
  events: number
  /** How many events more the store has when it begins; what it does not have is shown without a cursor. */
  stores: number
  /** How many neighbours travel as one event, if they can. */
  merges: number
}

/** Serves the log of a stream, one connection after the other as `servings` say; the last one has a store, and goes to the end. */
export function createWithholdingServer(log: readonly StreamEvent[], servings: readonly Serving[]): Transport {
  const left = [...servings]
  let stored = 0
  return {
    name: 'withholding',
    open({ cursor }, listener) {
      const serving = left.shift() ?? { events: Infinity, stores: Infinity, merges: 3 }
      stored = Math.min(log.length, stored + serving.stores)
      const at = cursor === undefined ? 0 : Number(cursor.slice(cursor.lastIndexOf('.') + 1))
      const link = { closed: false, close: () => void (link.closed = true), setPaused: () => undefined }
      void Promise.resolve().then(() => serve({ log, stored, at, serving, listener, link }))
      return link satisfies Link
    },
  }
}

interface Parts {
  log: readonly StreamEvent[]
  stored: number
  at: number
  serving: Serving
  listener: LinkListener
  link: { readonly closed: boolean }
}

function serve({ log, stored, at, serving, listener, link }: Parts): void {
  let seq = at
  const told: LinkListener = {
    learned: (facts) => listener.learned(facts),
    said: (input) => void (link.closed || listener.said(input)),
    event: (event, cursor) => void (link.closed || listener.event(event, cursor)),
  }
  told.learned({ url: 'http://server/v1/streams/s' })
  told.said({ type: 'opened', cursor: placeOf(at) })
  for (let count = 0; count < serving.events && seq < log.length; count++) {
    let event = log[seq++]!
    for (let more = 1; more < serving.merges && canMerge(event, log[seq]); more++) {
      event = {
        ...event,
        text: (event as { text: string }).text + (log[seq++] as { text: string }).text,
      } as StreamEvent
    }
    told.event(event, seq <= stored ? placeOf(seq) : undefined)
  }
  if (seq === log.length && serving.events === Infinity) told.event(END, placeOf(seq + 1))
  else
    told.said({
      type: 'broken',
      error: Object.assign(new Error('cut'), { code: 'SLUICE_ERR_READING_CLOSED' }) as never,
    })
}

function canMerge(event: StreamEvent, next: StreamEvent | undefined): boolean {
  if (!next || !('text' in event) || !('text' in next)) return false
  const kindOf = (each: StreamEvent): string => JSON.stringify({ ...each, text: '' })
  return kindOf(event) === kindOf(next)
}
