import { EventSource } from 'eventsource'

/** One event as a page sees it. */
export interface SeenEvent {
  readonly type: string
  readonly id: string
  readonly data: { readonly [name: string]: unknown }
}

/** A stock `EventSource` and what it has seen. It is told nothing about sluice. */
export interface EventSourceReader extends Disposable {
  readonly source: EventSource
  readonly events: readonly SeenEvent[]
  /** Statuses of its requests, in order; 0 for one that found no answer. */
  readonly statuses: readonly number[]
  /** The cursors it sent, one a request. */
  readonly sent: readonly (string | undefined)[]
  readonly text: string
  /** Resolves with the first event for which `found` holds, be it seen already or not yet. */
  until(found: (event: SeenEvent) => boolean): Promise<SeenEvent>
  /** Resolves when it has seen this much text. */
  untilText(length: number): Promise<void>
  /** Resolves when it has given up, or was told to stop. */
  readonly closed: Promise<void>
}

const TYPES = ['opened', 'text', 'reasoning', 'refusal', 'tool', 'data', 'usage', 'finish', 'end', 'closed', 'message']

export function readEventSource(url: string): EventSourceReader {
  const events: SeenEvent[] = []
  const statuses: number[] = []
  const sent: (string | undefined)[] = []
  const waiting = new Set<() => void>()
  const closed = Promise.withResolvers<void>()
  const source = new EventSource(url, {
    fetch: async (input, init) => {
      sent.push(new Headers(init.headers as Record<string, string>).get('last-event-id') ?? undefined)
      const index = statuses.push(0) - 1
      const response = await fetch(input, init as RequestInit)
      statuses[index] = response.status
      return response
    },
  })
  let text = ''
  for (const type of TYPES) {
    source.addEventListener(type, (event) => {
      const data = JSON.parse(event.data as string) as SeenEvent['data']
      events.push({ type, id: event.lastEventId, data })
      if (type === 'text' && !data.choice) text += String(data.text)
      for (const look of waiting) look()
    })
  }
  source.addEventListener('error', () => {
    if (source.readyState === source.CLOSED) closed.resolve()
  })

  function when<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find()
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  }

  return {
    source,
    events,
    statuses,
    sent,
    get text() {
      return text
    },
    until: (found) => when(() => events.find(found)),
    untilText: (length) => when(() => (text.length >= length ? true : undefined)).then(() => undefined),
    closed: closed.promise,
    [Symbol.dispose]: () => source.close(),
  }
}
